/** One file of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const block = 512;
const owned = '0000000\0';

/**
 * An archive in the format `ustar` (POSIX.1-2017, pax): equal files give equal bytes, for nothing of this machine goes in: no time, no
 * owner, one mode, names in the order given.
 */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(({ name, bytes }) => [
    headerOf(name, bytes.length),
    Buffer.from(bytes),
    Buffer.alloc((block - (bytes.length % block)) % block),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100, 'latin1');
  header.write(owned, 108, 'latin1');
  header.write(owned, 116, 'latin1');
  header.write(octal(size, 12), 124, 'latin1');
  header.write(octal(0, 12), 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write('0ustar\u000000', 156, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Plain files of an archive. @throws RangeError when it ends within one */
export function readTar(bytes: Uint8Array): TarEntry[] {
  const archive = Buffer.from(bytes);
  const entries: TarEntry[] = [];
  for (let at = 0; at + block <= archive.length && archive[at] !== 0;) {
    const text = (from: number, length: number) =>
      archive.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12).trim(), 8);
    if (!(size >= 0) || at + block + size > archive.length) throw new RangeError('the archive ends within a file');
    if (['0', ''].includes(text(156, 1)))
      entries.push({ name: text(0, 100), bytes: archive.subarray(at + block, at + block + size) });
    at += block + Math.ceil(size / block) * block;
  }
  return entries;
}
