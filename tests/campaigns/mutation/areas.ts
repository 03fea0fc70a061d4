/** What decides who gets what, and what an acknowledgement promises: a change there must not go unnoticed. */
export const areas: Readonly<Record<string, readonly string[]>> = {
  policy: ['decide', 'legal-basis', 'approve-service-leaf', 'cedar', 'formula-template'].map(
    (name) => `libs/policy/src/${name}.ts`,
  ),
  formula: ['libs/crypto/src/formula.ts', 'libs/crypto/src/lint-formula.ts', 'chaincode/region/src/formula.ts'],
  sealing: ['libs/crypto/src/stream.ts', 'libs/crypto/src/nonce.ts', 'libs/crypto/src/frame.ts'],
  acknowledgement: ['libs/hl7/src/acknowledge.ts', 'libs/hl7/src/mllp.ts', 'libs/hl7/src/validate-message.ts'],
};

export const files: readonly { readonly area: string; readonly file: string }[] = Object.entries(areas).flatMap(
  ([area, of]) => of.map((file) => ({ area, file })),
);
