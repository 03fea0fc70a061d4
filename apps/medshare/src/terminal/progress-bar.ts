/** `[######------]  12/40  30/s  2 refused`, never longer than `columns`. */
export function progressBar(
  state: { done: number; total: number; refused: number; elapsedMs: number },
  columns: number,
): string {
  const { done, total, refused, elapsedMs } = state;
  const rate = elapsedMs > 0 ? Math.round((done * 1000) / elapsedMs) : 0;
  const words = `${String(done).padStart(String(total).length)}/${total}  ${rate}/s${refused > 0 ? `  ${refused} refused` : ''}`;
  const width = Math.min(40, columns - words.length - 5);
  if (width < 5) return words;
  const filled = total === 0 ? width : Math.floor((width * done) / total);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]  ${words}`;
}
