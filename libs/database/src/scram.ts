import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** RFC 7677 section 4 and PostgreSQL's own default */
const iterations = 4096;

/**
 * What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5802 section 3; the form of `pg_authid.rolpassword`): the statement that sets a
 * password then carries this, so that neither the wire nor a log of statements has the password itself.
 *
 * @param password ASCII, so that SASLprep (RFC 4013) changes nothing
 * @param salt 16 random bytes
 */
export const scramVerifier = (password: string, salt: Uint8Array): string => {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const server = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${stored}:${server}`;
};
