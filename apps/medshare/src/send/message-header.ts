/** What routing needs of a message, whatever else is wrong with it. */
export interface MessageHeader {
  /** MSH-4.1 */
  facility: string | undefined;
  /** Equal for messages of one patient: PID-3 as written, else MSH-10. */
  patient: string;
}

/** Reads bytes as single characters: the fields used here are ASCII in what is routed by them. */
export function headerOf(message: Uint8Array): MessageHeader {
  const lines = Buffer.from(message.buffer, message.byteOffset, Math.min(message.length, 65_536))
    .toString('latin1')
    .split('\r');
  const header = (lines[0] ?? '').replace(/^\u00ef\u00bb\u00bf/, '');
  const separator = header.charAt(3) || '|';
  const component = header.charAt(4) || '^';
  const fields = header.split(separator);
  const pid = lines.find((line) => line.startsWith(`PID${separator}`))?.split(separator)[3];
  return { facility: fields[3]?.split(component)[0] || undefined, patient: pid || fields[9] || '' };
}
