// ESLint with the walls: the boundary rule reads Nx's project graph, so the graph is computed first.
import { spawnSync } from 'node:child_process';
const run = (args, stdio) => spawnSync(process.execPath, args, { stdio, env: { ...process.env, NX_DAEMON: 'false' } });
const graph = run(['node_modules/nx/dist/bin/nx.js', 'show', 'projects'], ['ignore', 'ignore', 'inherit']);
if (graph.status !== 0) process.exit(graph.status ?? 1);
process.exit(
  run(
    ['node_modules/eslint/bin/eslint.js', ...process.argv.slice(2).concat(process.argv.length > 2 ? [] : ['.'])],
    'inherit',
  ).status ?? 1,
);
