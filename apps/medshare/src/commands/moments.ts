/** An instant for people, in UTC and without seconds: `2026-11-21 10:30Z`. */
export const moment = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;

export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
