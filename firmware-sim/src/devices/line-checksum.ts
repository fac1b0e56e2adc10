/** `FIELDS*XX` where XX is the XOR of every byte before the star (line note §4). */
export function withChecksum(fields: string): string {
  let checksum = 0;
  for (const byte of Buffer.from(fields, 'latin1')) checksum ^= byte;
  return `${fields}*${checksum.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** The fields of a line whose checksum is right, else undefined. */
export function checkedFields(line: string): string[] | undefined {
  const star = line.lastIndexOf('*');
  if (star < 0 || withChecksum(line.slice(0, star)) !== line) return undefined;
  return line.slice(0, star).split(',');
}
