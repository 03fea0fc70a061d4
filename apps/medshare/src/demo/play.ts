import type { Surroundings } from '../commands/outcome.js';

export async function playDemo(_data: string, _within: Surroundings): Promise<void> {}
