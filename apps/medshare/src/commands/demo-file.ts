import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { problem } from '@medshare/problems';

const institution = z.object({
  id: z.string(),
  httpUrl: z.url(),
  mllpPort: z.int().optional(),
  issuer: z.url(),
  /** File of the authorities of the issuer's certificate; the system's when there is none. */
  authorities: z.string().optional(),
});
const demoFile = z.object({ institutions: z.array(institution).min(1) });

/** Where the institutions of a demo are reached; `up` writes it into the data folder. */
export type DemoFile = z.infer<typeof demoFile>;
export type DemoPlace = DemoFile['institutions'][number];

/** @throws Problem request.not-found when there is no demo in the folder */
export async function readDemo(data: string): Promise<DemoFile> {
  const path = join(data, 'demo.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw problem('request.not-found', {
      where: path,
      detail: 'no demo here; start one with: medshare up --demo',
      cause,
    });
  });
  try {
    return demoFile.parse(JSON.parse(text));
  } catch (cause) {
    throw problem('config.invalid', { where: path, detail: 'not what `medshare up` writes', cause });
  }
}

/** @throws Problem request.not-found for an institution that the demo does not have */
export function placeOf(demo: DemoFile, id: string): DemoPlace {
  const found = demo.institutions.find((each) => each.id === id);
  const ids = demo.institutions.map((each) => each.id).join(', ');
  if (!found) throw problem('request.not-found', { where: id, detail: `no such institution; there are ${ids}` });
  return found;
}

/** The authorities of an institution's identity provider, PEM. @throws Problem config.invalid */
export async function authoritiesAt({ authorities }: Pick<DemoPlace, 'authorities'>): Promise<string | undefined> {
  if (authorities === undefined) return undefined;
  return readFile(authorities, 'utf8').catch((cause: unknown) => {
    throw problem('config.invalid', { where: authorities, detail: 'the file cannot be read', cause });
  });
}
