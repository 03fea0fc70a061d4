import { parseMessage, validateMessage } from '@medshare/hl7';
import { laterResult } from './later-result.js';

describe('the later result', () => {
  it('is a message of its own for the same stay', async () => {
    const [one, other] = await Promise.all([
      laterResult(Date.UTC(2026, 10, 21, 10)),
      laterResult(Date.UTC(2026, 10, 21, 11)),
    ]);
    const message = parseMessage(new TextEncoder().encode(one));
    expect([message.controlId, message.text('PV1-19')]).toEqual(['HARBOR-ORU-261121100000', 'V-2026-00017']);
    expect(validateMessage(message)).toEqual([]);
    expect(one).not.toBe(other);
    expect(await laterResult(Date.UTC(2026, 10, 21, 10))).toBe(one);
  });
});
