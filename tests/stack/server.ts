/** How a server is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** beside PATH, HOME and TMPDIR; nothing else is inherited */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** whom it runs as, where not as ourselves */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** What must be on the machine before a server can start; kept in the cache folder, by name and version. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Fills an empty folder. @param note a line of progress */
  install(folder: string, note: (line: string) => void): Promise<void>;
}

/** One server of the stack. */
export interface StackServer {
  readonly name: string;
  readonly version: string;
  readonly package?: Package;
  /** names of servers that must be ready first */
  readonly after: readonly string[];
  /** ports on 127.0.0.1, by what they are for; all of them must be free before a start */
  readonly ports: Readonly<Record<string, number>>;
  /** Writes its configuration, makes its data when there are none. */
  prepare(): Promise<Launch>;
  /** @returns undefined when it serves, else why it does not (yet) */
  whyNot(): Promise<string | undefined>;
  /** What is set up in it once it serves: users, buckets, realms. Idempotent. */
  furnish?(): Promise<void>;
  /** ms */
  readonly patience: number;
  /** default SIGTERM */
  readonly stopSignal?: NodeJS.Signals;
}
