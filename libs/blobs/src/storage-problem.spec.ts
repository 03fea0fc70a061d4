import { problem } from '@medshare/problems';
import { storageProblem } from './storage-problem.js';

describe('what went wrong at a store', () => {
  it.each([
    ['a disk', Object.assign(new Error('write'), { code: 'ENOSPC' })],
    ['a quota', Object.assign(new Error('write'), { code: 'EDQUOT' })],
    ['kubo', new Error('write /blocks/X: no space left on device')],
    ['an S3 server', Object.assign(new Error(''), { name: 'XMinioStorageFull', $metadata: { httpStatusCode: 507 } })],
    ['whatever something came from', new Error('fetch failed', { cause: { code: 'ENOSPC' } })],
  ])('is that it is full, as %s says it', (_, caught) => {
    const { code, where, detail } = storageProblem(caught);
    expect([code, where, detail]).toEqual(['storage.unavailable', 'blobs', 'the store is full']);
  });

  it('is no more than that it cannot be used, where nothing says why; and a problem stays what it is', () => {
    const { code, detail } = storageProblem(new Error('in a patient’s words'));
    expect([code, detail]).toEqual(['storage.unavailable', undefined]);
    const own = problem('blob.missing', { where: 'x' });
    expect(storageProblem(own)).toBe(own);
  });
});
