import { peer } from '@hyperledger/fabric-protos';
import type { ValidationCode } from '../ledger.port.js';

const { TxValidationCode: code } = peer;

const ports = new Map<number, ValidationCode>([
  [code.VALID, 'valid'],
  [code.MVCC_READ_CONFLICT, 'mvcc-conflict'],
  [code.PHANTOM_READ_CONFLICT, 'phantom-read'],
  [code.DUPLICATE_TXID, 'duplicate'],
  [code.BAD_CREATOR_SIGNATURE, 'bad-signature'],
  [code.ENDORSEMENT_POLICY_FAILURE, 'policy-not-met'],
  [code.EXPIRED_CHAINCODE, 'policy-not-met'],
  [code.CHAINCODE_VERSION_CONFLICT, 'policy-not-met'],
]);

/** A peer's verdict in the port's words; whatever else is wrong with a transaction, it is malformed. */
export const validationCode = (given: number): ValidationCode => ports.get(given) ?? 'malformed';

/** Verdicts after which the same wish may be executed and endorsed anew: the state, or the chaincode's definition, has moved on. */
export const isRaceLost = (given: number): boolean =>
  [
    code.MVCC_READ_CONFLICT,
    code.PHANTOM_READ_CONFLICT,
    code.EXPIRED_CHAINCODE,
    code.CHAINCODE_VERSION_CONFLICT,
  ].includes(given as never);
