/** Injection token of the institution's ledger driver. */
export const LEDGER = Symbol('ledger');
