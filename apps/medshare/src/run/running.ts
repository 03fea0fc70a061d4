/** An institution's deployment as it runs in this process. */
export interface RunningInstitution {
  readonly id: string;
  /** Public address, e.g. `http://127.0.0.1:7101`. */
  readonly httpUrl: string;
  /** MLLP port, when the role `ingest` runs here. */
  readonly mllpPort: number | undefined;
  readonly issuer: string;
  /** File of the authorities of its certificate; the system's when there is none. */
  readonly authorities?: string | undefined;
  /** Finishes work under way, then closes; harmless to repeat. */
  stop(): Promise<void>;
}
