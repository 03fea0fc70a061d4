import { isProblem, problem, type Problem } from '@medshare/problems';

/** What stores say that have no room left: errno(3), kubo's text, HTTP 507 (RFC 4918, section 11.5), S3's codes. */
const full = /\b(ENOSPC|EDQUOT|InsufficientStorage|QuotaExceeded|XMinioStorageFull)\b|no space left|quota exceeded/i;

/** @returns the problem itself, or that the storage cannot be used; one that is full is said to be so */
export function storageProblem(caught: unknown): Problem {
  if (isProblem(caught)) return caught;
  const detail = isFull(caught) ? { detail: 'the store is full' } : {};
  return problem('storage.unavailable', { where: 'blobs', ...detail, cause: caught });
}

/** Whether an error, or what it came from, says that there is no room. */
export function isFull(caught: unknown, depth = 0): boolean {
  if (typeof caught !== 'object' || caught === null || depth > 5) return false;
  const { code, name, message, cause, $metadata } = caught as {
    code?: unknown;
    name?: unknown;
    message?: unknown;
    cause?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  if ($metadata?.httpStatusCode === 507) return true;
  return [code, name, message].some((one) => typeof one === 'string' && full.test(one)) || isFull(cause, depth + 1);
}
