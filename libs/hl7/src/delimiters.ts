import { problem } from '@medshare/problems';

/** The separators that MSH-1 and MSH-2 declare (HL7 v2.5 section 2.5.4; truncation since v2.7). */
export type Delimiters = {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  /** empty when MSH-2 is too short to declare it, as with the next two */
  readonly escape: string;
  readonly subcomponent: string;
  readonly truncation: string;
};

export const usualDelimiters: Delimiters = Object.freeze({
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: '',
});

const usable = /^[!-/:-@[-`{-~]$/;

/**
 * @param msh a text that begins with `MSH`
 * @throws Problem `hl7.unparsable` when they are missing, alphanumeric, or not distinct
 */
export const readDelimiters = (msh: string): Delimiters => {
  const field = msh.charAt(3);
  const stop = [msh.indexOf(field, 4), msh.search(/[\r\n]/), msh.length].filter((at) => at > 0);
  const characters = msh.slice(4, Math.min(...stop));
  const all = [field, ...characters];
  const distinct = new Set(all).size === all.length && all.every((each) => usable.test(each));
  if (!distinct || characters.length < 2 || characters.length > 5)
    throw problem('hl7.unparsable', {
      where: 'MSH-2',
      detail: 'the encoding characters are not two to five distinct marks',
    });
  const [component = '', repetition = '', escape = '', subcomponent = '', truncation = ''] = characters;
  return { field, component, repetition, escape, subcomponent, truncation };
};

/** MSH-2 as it stood */
export const encodingCharacters = (of: Delimiters): string =>
  of.component + of.repetition + of.escape + of.subcomponent + of.truncation;
