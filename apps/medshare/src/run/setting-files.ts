import { readFileSync, statSync } from 'node:fs';
import { problem } from '@medshare/problems';

/** A file that the configuration names. @throws Problem config.invalid that names the setting */
export function textOf(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw problem('config.invalid', { where: setting, detail: 'the file cannot be read' });
  }
}

/** A file of one secret, which nobody but its owner may read. @throws Problem config.invalid that names the setting */
export function secretOf(setting: string, file: string): string {
  const text = textOf(setting, file).trimEnd();
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw problem('config.invalid', { where: setting, detail: 'others than its owner may read the file' });
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
