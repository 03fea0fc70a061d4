import { readFileSync, statSync } from 'node:fs';
import { exposureOf } from '@medshare/keys/secret-file';
import { problem } from '@medshare/problems';

/** A file that the configuration names. @throws Problem config.invalid that names the setting */
export function textOf(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw problem('config.invalid', { where: setting, detail: 'the file cannot be read' });
  }
}

/** A file of one secret; a line break at its end is not part of it. @throws Problem config.invalid that names the setting */
export function secretOf(setting: string, file: string): string {
  const text = textOf(setting, file).trimEnd();
  const exposed = exposureOf(statSync(file));
  if (exposed !== undefined) throw problem('config.invalid', { where: setting, detail: exposed });
  if (text === '') throw problem('config.invalid', { where: setting, detail: 'the file is empty' });
  return text;
}

/** The authorities that an identity provider's certificate must come from, PEM. @throws Problem config.invalid */
export function authoritiesOf({ authorities }: { authorities?: string | undefined }): string | undefined {
  if (authorities === undefined) return undefined;
  const text = textOf('identity.authorities', authorities);
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw problem('config.invalid', { where: 'identity.authorities', detail: 'the file holds no certificate (PEM)' });
  return text;
}
