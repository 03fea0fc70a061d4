import { fromHex } from './bytes.js';

/**
 * SM4 in counter mode, GB/T 32907-2016, in JavaScript for where the platform has none.
 * Its tables are looked up at secret places: on a machine shared with strangers the node backend is to be preferred.
 */
const SBOX = fromHex(
  'd690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62' +
    'e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35' +
    '1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1' +
    'e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51' +
    '8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec684' +
    '18f07dec3adc4d2079ee5f3ed7cb3948',
);
const SYSTEM = [0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc] as const;
const ROUND = Int32Array.from({ length: 32 }, (_, i) =>
  [0, 1, 2, 3].reduce((word, j) => (word << 8) | (((4 * i + j) * 7) & 255), 0),
);

const rotate = (x: number, n: number): number => (x << n) | (x >>> (32 - n));
const linear = (x: number): number => x ^ rotate(x, 2) ^ rotate(x, 10) ^ rotate(x, 18) ^ rotate(x, 24);

/** S-box and L together, one table for each byte of a word */
const TABLES = [24, 16, 8, 0].map((shift) => Int32Array.from(SBOX, (value) => linear(value << shift)));
const [T0, T1, T2, T3] = TABLES as [Int32Array, Int32Array, Int32Array, Int32Array];

const substitute = (x: number): number =>
  (SBOX[x >>> 24]! << 24) | (SBOX[(x >>> 16) & 255]! << 16) | (SBOX[(x >>> 8) & 255]! << 8) | SBOX[x & 255]!;

/** Section 7.3: 32 round keys */
export function expandKey(key: Uint8Array): Int32Array {
  if (key.length !== 16) throw new RangeError('an SM4 key has 16 bytes');
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const k = Int32Array.from({ length: 36 }, (_, i) => (i < 4 ? view.getInt32(4 * i) ^ SYSTEM[i]! : 0));
  for (let i = 0; i < 32; i++) {
    const x = substitute(k[i + 1]! ^ k[i + 2]! ^ k[i + 3]! ^ ROUND[i]!);
    k[i + 4] = k[i]! ^ x ^ rotate(x, 13) ^ rotate(x, 23);
  }
  return k.slice(4);
}

/** Section 7.1, in place: four words */
export function encryptBlock(keys: Int32Array, block: Int32Array): void {
  let [a, b, c, d] = block as unknown as [number, number, number, number];
  for (let i = 0; i < 32; i++) {
    const x = b ^ c ^ d ^ keys[i]!;
    const next = a ^ T0[x >>> 24]! ^ T1[(x >>> 16) & 255]! ^ T2[(x >>> 8) & 255]! ^ T3[x & 255]!;
    a = b;
    b = c;
    c = d;
    d = next;
  }
  block.set([d, c, b, a]);
}

/** Counter mode with a 128-bit big-endian counter (SP 800-38A section 6.5); the same for both directions. */
export function sm4Ctr(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  if (iv.length !== 16) throw new RangeError('an SM4 counter has 16 bytes');
  const keys = expandKey(key);
  const counter = iv.slice();
  const counterView = new DataView(counter.buffer);
  const block = new Int32Array(4);
  const output = data.slice();
  for (let at = 0; at < output.length; at += 16) {
    for (let i = 0; i < 4; i++) block[i] = counterView.getInt32(4 * i);
    encryptBlock(keys, block);
    const length = Math.min(16, output.length - at);
    for (let i = 0; i < length; i++) output[at + i]! ^= block[i >> 2]! >>> (24 - 8 * (i & 3));
    increment(counter);
  }
  return output;
}

function increment(counter: Uint8Array): void {
  for (let i = 15; i >= 0; i--) {
    counter[i] = (counter[i]! + 1) & 255;
    if (counter[i] !== 0) return;
  }
}
