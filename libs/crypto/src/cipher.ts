/** The one error of a wrong key, a changed byte or a wrong place: nothing tells them apart. */
export const failed = (): Error => new Error('authentication failed');
