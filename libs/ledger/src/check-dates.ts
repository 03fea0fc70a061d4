import { problem } from '@medshare/problems';
import type { X509Certificate } from 'node:crypto';

/**
 * @param setting where the certificate stands, for the message
 * @param now ms since the epoch
 * @throws Problem `config.invalid` for a certificate that has expired or is not valid yet
 */
export function checkDates(setting: string, { validFrom, validTo }: X509Certificate, now: number): void {
  const refuse = (detail: string) => problem('config.invalid', { where: setting, detail });
  if (now >= Date.parse(validTo)) throw refuse(`the certificate expired on ${day(validTo)}`);
  if (now < Date.parse(validFrom)) throw refuse(`the certificate is valid from ${day(validFrom)} on`);
}

const day = (text: string): string => new Date(Date.parse(text)).toISOString().slice(0, 10);
