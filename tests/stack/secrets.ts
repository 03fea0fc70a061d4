import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '@medshare/clock';

/** Secrets of one stack: made at first use, each in a file of its own, mode 0600, in a folder of mode 0700. */
export class Secrets {
  readonly #folder: string;
  readonly #known = new Map<string, Promise<string>>();

  constructor(state: string) {
    this.#folder = join(state, 'secrets');
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** @returns hex; several may ask for it at once */
  get(name: string, bytes = 24): Promise<string> {
    const known = this.#known.get(name) ?? this.#readOrMake(name, bytes);
    this.#known.set(name, known);
    return known;
  }

  async #readOrMake(name: string, bytes: number): Promise<string> {
    const kept = await readFile(this.path(name), 'utf8').catch(() => undefined);
    if (kept) return kept;
    const secret = Buffer.from(systemRandom.bytes(bytes)).toString('hex');
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writePrivate(this.path(name), secret);
    return secret;
  }
}

/** Whole or not at all; for its owner's eyes only, whatever stood there before. */
export async function writePrivate(path: string, content: string): Promise<void> {
  const fresh = `${path}.${systemRandom.uuid()}`;
  await writeFile(fresh, content, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, path);
}
