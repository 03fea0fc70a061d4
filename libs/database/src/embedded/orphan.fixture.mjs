// Starts the embedded server and waits to be killed.
import { startEmbeddedPostgres } from '@medshare/database/embedded-postgres.driver';

const server = await startEmbeddedPostgres({ dataDir: process.argv[2] });
process.stdout.write(`pid ${server.pid}\n`);
