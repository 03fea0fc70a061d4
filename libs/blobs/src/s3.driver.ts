import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { systemClock } from '@medshare/clock';
import { problem } from '@medshare/problems';
import type { CID } from 'multiformats/cid';
import type { Blobs } from './blobs.port.js';
import { CarBlobs, type CarBlobsOptions } from './car-blobs.js';
import type { Car, CarStore, Copy } from './car-store.js';
import { isWhole } from './ipfs/read-copy.js';

export interface S3Options extends CarBlobsOptions {
  readonly bucket: string;
  /** what the keys of all objects begin with, such as `harbor/` */
  readonly prefix?: string;
  readonly region: string;
  /** of a store that is not Amazon's, `https://…`; buckets stand in its paths */
  readonly endpoint?: string;
  /** certificate authorities of the endpoint, PEM; default the system's */
  readonly ca?: string;
  /** asked again when they are some minutes old; default whatever the SDK finds (environment, pod, machine) */
  readonly credentials?: () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
  /** days for which the store refuses to delete, by compliance mode; the bucket must have object lock on */
  readonly lockDays?: number;
  /** ms for which nothing may come or go on a connection, before an answer or within it; default 10,000 */
  readonly timeoutMs?: number;
}

const soonStale = (): Date => new Date(systemClock.now() + 600_000);
const dayMs = 86_400_000;
const timeout = 10_000;
/** CARs up to so many bytes are sent from memory, so that a request may be made again; longer ones are streamed. */
const inMemory = 8_388_608;

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

const statusOf = (caught: unknown): number | undefined =>
  (caught as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
const nameOf = (caught: unknown): string => (caught instanceof Error ? caught.name : '');

/** Objects `<prefix><CID>`, each the CAR of one blob. */
class S3Cars implements CarStore {
  readonly wanted = 1;
  readonly #client: S3Client;

  constructor(private readonly options: S3Options) {
    const { region, endpoint, ca, credentials } = options;
    const timeoutMs = options.timeoutMs ?? timeout;
    this.#client = new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(credentials && { credentials: async () => ({ ...(await credentials()), expiration: soonStale() }) }),
      // our own SHA-256 goes with every object, and the addresses are checked at every reading
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 3,
      // the SDK's own warnings go to the console otherwise; what fails is thrown
      logger: silent,
      // such requests would go without the authorities below
      expectContinueHeader: false,
      // not requestTimeout: that one only warns, and as an error it would cut uploads that are long and well
      requestHandler: { connectionTimeout: timeoutMs, socketTimeout: timeoutMs, ...(ca && { httpsAgent: { ca } }) },
    });
  }

  /** One request that says at start what every later one would say. */
  async open(): Promise<this> {
    const { bucket } = this.options;
    await this.#client.send(new HeadBucketCommand({ Bucket: bucket })).catch((caught: unknown) => {
      throw problem('config.invalid', { ...refusal(bucket, caught), cause: caught });
    });
    return this;
  }

  async write(car: Car): Promise<void> {
    if (await this.#create(car)) return;
    // there already: the same bytes, unless somebody changed them
    for (const copy of await this.copies(car.root)) if (await isWhole(car.root, copy)) return;
    await this.#put(car, {});
  }

  async read(root: CID): Promise<Copy | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#at(root)));
      const car = Body as Readable;
      // the time-out may come before anybody reads; the reader is told all the same
      car.on('error', nothing);
      return { car };
    } catch (caught) {
      if (statusOf(caught) === 404) return undefined;
      throw caught;
    }
  }

  async copies(root: CID): Promise<readonly Copy[]> {
    const copy = await this.read(root);
    return copy ? [copy] : [];
  }

  async has(root: CID): Promise<boolean> {
    try {
      await this.#client.send(new HeadObjectCommand(this.#at(root)));
      return true;
    } catch (caught) {
      if (statusOf(caught) === 404) return false;
      throw caught;
    }
  }

  async *list(): AsyncGenerator<string> {
    const { bucket, prefix = '' } = this.options;
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: this.#client },
      { Bucket: bucket, Prefix: prefix },
    ))
      for (const { Key = '' } of Contents) yield Key.slice(prefix.length);
  }

  async remove(root: CID): Promise<void> {
    const place = this.#at(root);
    // a bucket may keep versions: what stays behind a marker is not erased
    const asked = new ListObjectVersionsCommand({ Bucket: place.Bucket, Prefix: place.Key });
    const { Versions = [], DeleteMarkers = [] } = await this.#client.send(asked);
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
      if (Key === place.Key) await this.#erase({ ...place, VersionId });
  }

  async #erase(version: { Bucket: string; Key: string; VersionId: string | undefined }): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(version)).catch((caught: unknown) => {
      const locked = nameOf(caught) === 'AccessDenied' || statusOf(caught) === 403;
      throw locked ? problem('blob.locked', { where: version.Key, cause: caught }) : caught;
    });
  }

  /** @returns false when something stands there */
  async #create(car: Car): Promise<boolean> {
    try {
      await this.#put(car, { IfNoneMatch: '*' });
      return true;
    } catch (caught) {
      if (nameOf(caught) === 'PreconditionFailed' || statusOf(caught) === 412) return false;
      throw caught;
    }
  }

  async #put(car: Car, condition: { IfNoneMatch?: string }): Promise<void> {
    const { lockDays } = this.options;
    const sha256 = Buffer.from(car.sha256);
    const command = new PutObjectCommand({
      ...this.#at(car.root),
      ...condition,
      Body: car.size > inMemory ? Readable.from(car.bytes()) : await inOne(car),
      ContentLength: car.size,
      ContentType: 'application/vnd.ipld.car',
      ChecksumSHA256: sha256.toString('base64'),
      ...(lockDays !== undefined && {
        ObjectLockMode: 'COMPLIANCE' as const,
        ObjectLockRetainUntilDate: new Date(systemClock.now() + lockDays * dayMs),
      }),
    });
    // the signature covers the bytes, streamed or not
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256.toString('hex');
        return next(args);
      },
      { step: 'build', name: 'medshare-payload-hash' },
    );
    await this.#client.send(command);
  }

  #at(root: CID): { Bucket: string; Key: string } {
    const { bucket, prefix = '' } = this.options;
    return { Bucket: bucket, Key: prefix + root.toString() };
  }
}

async function inOne(car: Car): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of car.bytes()) parts.push(part);
  return Buffer.concat(parts);
}

/** The setting to look at, and what is wrong with it. */
function refusal(bucket: string, caught: unknown): { where: string; detail: string } {
  const [status, code] = [statusOf(caught), codeOf(caught)];
  if (status === 404) return { where: 'blobs', detail: `there is no bucket ${bucket}` };
  if (status === 403 || status === 401)
    return { where: 's3.accessKeyId', detail: `bucket ${bucket}: the store refuses these credentials` };
  if (status === 301 || status === 307) return { where: 's3.region', detail: `bucket ${bucket} is in another region` };
  if (nameOf(caught) === 'CredentialsProviderError')
    return { where: 's3.accessKeyId', detail: `bucket ${bucket}: no credentials were found` };
  if (/CERT|SIGNATURE|SELF_SIGNED|ALTNAME/.test(code))
    return { where: 's3.authorities', detail: `the store’s certificate is not believed (${code})` };
  return { where: 's3.endpoint', detail: `bucket ${bucket} cannot be reached${code && ` (${code})`}` };
}

/** Of the system or of TLS; never a store's own text. */
function codeOf(caught: unknown): string {
  const { code, cause } = caught as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  return typeof cause === 'object' && cause !== null ? codeOf(cause) : '';
}

/** @throws Problem `config.invalid` when bucket or credentials are wrong, or nobody answers */
export const openS3 = async (options: S3Options): Promise<Blobs> =>
  new CarBlobs(await new S3Cars(options).open(), options);
