import { status, type ServiceError } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import type { Connection } from './connection.js';
import type { Copy, Kept } from './copy.js';
import { Ordering } from './ordering.js';
import { defaultSettings } from './settings.js';

const kept = (id: string): Kept => ({ id, bytes: Buffer.from(id), signature: new Uint8Array() });
const error = (code: status) => new GatewayError({ code, details: [], cause: new Error('said') as ServiceError });

/** An ordering service that answers each transaction as `says` has it. */
function serviceOf(says: (id: string) => status | undefined) {
  const brought: string[] = [];
  const refused: string[] = [];
  const submit = (id: string) => () => {
    brought.push(id);
    const code = says(id);
    return code === undefined ? Promise.resolve() : Promise.reject(error(code));
  };
  const gateway = { newSignedTransaction: (bytes: Uint8Array) => ({ submit: submit(Buffer.from(bytes).toString()) }) };
  const waiting = [kept('refused'), kept('behind'), kept('last')];
  const copy = {
    takeKept: () => Promise.resolve(waiting.splice(0)),
    countRefusal: (id: string) => Promise.resolve(void refused.push(id)),
  } as unknown as Copy;
  const settings = { ...defaultSettings, resubmitMs: 5 };
  return { brought, refused, waiting, ordering: new Ordering({ gateway } as unknown as Connection, copy, settings) };
}

describe('the ordering service', () => {
  it('is there when it refuses a transaction: those behind it are brought, and nobody takes it for away', async () => {
    let away = true;
    const { brought, refused, ordering } = serviceOf((id) => {
      if (away) return status.UNAVAILABLE;
      return id === 'refused' ? status.ABORTED : undefined;
    });
    await expect(ordering.bring(kept('first'))).rejects.toMatchObject({ code: 'ledger.unavailable' });
    expect(await ordering.isHere()).toBe(false);
    away = false;
    ordering.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await ordering.stop();
    expect(brought).toEqual(['first', 'refused', 'behind', 'last']);
    expect(refused).toEqual(['refused']);
    expect(await ordering.isHere()).toBe(true);
  });

  it('is away when nobody answers: the others wait for the next round', async () => {
    const { brought, ordering } = serviceOf(() => status.UNAVAILABLE);
    ordering.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ordering.stop();
    expect(brought).toEqual(['refused']);
    expect(await ordering.isHere()).toBe(false);
  });
});
