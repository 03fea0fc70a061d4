// @medplum/hl7's own MLLP server: parses, answers AA, keeps nothing.
import { Hl7Server } from '@medplum/hl7';

const server = new Hl7Server((connection) =>
  connection.addEventListener('message', ({ message }) => connection.send(message.buildAck())),
);
server.start(Number(process.argv[2]));
process.stdout.write('listening\n');
