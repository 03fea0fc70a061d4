import type { RoleContext } from '@medshare/role';

/** JSON under the institution's key-encryption key: what people wrote does not stand in a table in clear. */
export async function wrapJson(
  { keyEncryption }: Pick<RoleContext, 'keyEncryption'>,
  value: unknown,
  use: string,
): Promise<Buffer<ArrayBuffer>> {
  return Buffer.from(await keyEncryption.wrap(new TextEncoder().encode(JSON.stringify(value)), use));
}

export async function unwrapJson<T>(
  { keyEncryption }: Pick<RoleContext, 'keyEncryption'>,
  sealed: Uint8Array,
  use: string,
): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await keyEncryption.unwrap(sealed, use))) as T;
}
