import { execFile } from 'node:child_process';

export interface Finding {
  institution: string;
  store: string;
  id: string;
  problem: string;
  detail: string;
}

/** A demo's folder, or one institution's configuration. */
type Where = string | { readonly config: string };

/** `medshare fsck` in a process of its own. */
export function runFsck(where: Where, ...more: string[]): Promise<Finding[]> {
  const named = typeof where === 'string' ? ['--data', where] : ['--config', where.config];
  const args = ['apps/medshare/bin/medshare.mjs', 'fsck', ...named, '--json', ...more];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { timeout: 3_600_000, maxBuffer: 64 * 1024 * 1024, env: process.env },
      (_, stdout, stderr) => {
        try {
          resolve((JSON.parse(stdout) as { findings: Finding[] }).findings ?? reject(new Error(stdout + stderr)));
        } catch {
          reject(new Error(`fsck said: ${stdout}\n${stderr}`));
        }
      },
    );
  });
}

/** What is on its way is no finding, but a block may come in while the chain is walked: what is wrong stays wrong. */
export async function lastingFindings(where: Where): Promise<Finding[]> {
  let findings: Finding[] = [];
  for (let tried = 0; tried < 3; tried += 1) {
    findings = await runFsck(where);
    if (findings.length === 0) break;
  }
  return findings;
}
