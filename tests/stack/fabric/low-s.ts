import { X509Certificate } from '@peculiar/x509';

/** Half the order of P-256 (SEC 2, section 2.4.2). */
const half = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n >> 1n;

/**
 * Makes a certificate again until its signature (r, s) has the smaller of the two possible s. Fabric rewrites any other when it loads it, and a Fabric
 * built with a newer Go then no longer finds the authority that issued it: "x509: certificate signed by unknown authority". Half of all are right at once.
 */
export async function withLowS<T>(make: () => Promise<T>, pemOf: (made: T) => string): Promise<T> {
  for (;;) {
    const made = await make();
    if (isLowS(pemOf(made))) return made;
  }
}

/** @param pem a certificate signed by ECDSA on P-256 */
export function isLowS(pem: string): boolean {
  // DER: SEQUENCE { INTEGER r, INTEGER s }, all lengths below 128 (RFC 3279, section 2.2.3)
  const der = Buffer.from(new X509Certificate(pem).signature);
  const lengthOfR = der[3] ?? 0;
  return BigInt(`0x${der.subarray(4 + lengthOfR + 2).toString('hex')}`) <= half;
}
