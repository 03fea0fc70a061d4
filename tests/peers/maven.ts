import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const java = resolve(import.meta.dirname, 'java');

/** A program of ours in Java over a peer's packages from Maven. */
export interface JavaProgram {
  /** @returns what it wrote; @throws when it ends with another code than 0 */
  readonly run: (args: readonly string[]) => Promise<string>;
}

/**
 * Fetches what a POM names with Maven and compiles one class against it. Needs `mvn` and a JDK of 17 or newer, and says so where they are
 * missing: whoever asks for peers wants them measured, not left out.
 * @param folder an empty one, for the jars and classes
 */
export const javaProgram = async (pom: string, name: string, folder: string): Promise<JavaProgram> => {
  const [jars, classes] = [join(folder, 'jars'), join(folder, 'classes')];
  const copy = ['-q', '-B', '-f', join(java, pom), 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
  await tool('mvn', copy);
  await tool('javac', ['-cp', `${jars}/*`, '-d', classes, join(java, `${name}.java`)]);
  // a program that would reach for the network finds nobody there
  const alone = ['http', 'https'].flatMap((scheme) => [
    `-D${scheme}.proxyHost=127.0.0.1`,
    `-D${scheme}.proxyPort=9`,
    `-D${scheme}.nonProxyHosts=localhost|127.0.0.1`,
  ]);
  const call = ['-Xmx1500m', ...alone, '-cp', `${classes}:${jars}/*`, name];
  return { run: (args) => tool('java', [...call, ...args]) };
};

const tool = async (command: string, args: readonly string[]): Promise<string> => {
  try {
    const { stdout } = await run(command, [...args], { maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error(`${command} is missing: peers need Maven and a JDK of 17 or newer`, { cause: caught });
    throw caught;
  }
};
