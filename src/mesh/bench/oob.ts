import { randomInt } from 'node:crypto';
import { BenchError } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import { inputAction, outputAction } from '../codec/provisioning.ts';
import type { OobHelper } from '../provision/provisionDevice.ts';
import type { Control } from './control.ts';

/** Who reads what a device shows and enters what it asks for: its console, or the person at the bench. */
export const HELPERS = ['console', 'operator'] as const;
export type HelperName = (typeof HELPERS)[number];

/** What a person is asked to look for, and to do. */
const SHOWN: Readonly<Record<number, string>> = {
  [outputAction.BLINK]: 'Count how often the device blinks',
  [outputAction.BEEP]: 'Count how often the device beeps',
  [outputAction.VIBRATE]: 'Count how often the device vibrates',
  [outputAction.OUTPUT_NUMERIC]: 'Read the number that the device shows',
  [outputAction.OUTPUT_ALPHANUMERIC]: 'Read the text that the device shows',
};
const ENTERED: Readonly<Record<number, string>> = {
  [inputAction.PUSH]: 'Push the button of the device so many times',
  [inputAction.TWIST]: 'Twist the knob of the device so many times',
  [inputAction.INPUT_NUMERIC]: 'Enter this number on the device',
  [inputAction.INPUT_ALPHANUMERIC]: 'Enter this text on the device',
};
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** More than anyone wants to push or twist. */
const MOST_PUSHES = 9;

/** A random value that the device can take (Mesh Protocol 5.4.2.4): a number of at most `size` digits and not 0, or a text of so many characters. */
export function chosenValue(action: number, size: number): number | string {
  if (action === inputAction.INPUT_ALPHANUMERIC)
    return Array.from({ length: size }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  const most = 10 ** size - 1;
  return randomInt(1, (action === inputAction.INPUT_NUMERIC ? most : Math.min(most, MOST_PUSHES)) + 1);
}

/** Makes the helper that a rig names. */
export function oobHelper(name: HelperName, bench: Pick<Bench, 'ask'>, control: Pick<Control, 'say'>): OobHelper {
  return name === 'console' ? byConsole(control) : byOperator(bench);
}

/** The last number or text in what was said; a console may put words before it. */
function valueIn(said: string, action: number, size: number): number | string {
  const isText = action === outputAction.OUTPUT_ALPHANUMERIC;
  const found = (isText ? /([0-9A-Z]+)\W*$/i : /(\d+)\D*$/).exec(said)?.[1];
  if (found === undefined || found.length > size)
    throw new BenchError(
      'mesh-oob',
      `expected ${isText ? 'a text' : 'a number'} of up to ${size} characters, found "${said}"`,
    );
  return isText ? found.toUpperCase() : Number(found);
}

function byConsole(control: Pick<Control, 'say'>): OobHelper {
  const good = (verb: string, answer: string): string => {
    if (answer.startsWith('error')) throw new BenchError('mesh-oob', `"${verb}" was answered "${answer}"`);
    return answer;
  };
  return {
    read: async (action, size) => valueIn(good('shown', await control.say('shown', {})), action, size),
    enter: async (_action, value) => void good('enter', await control.say('enter', { value })),
  };
}

function byOperator(bench: Pick<Bench, 'ask'>): OobHelper {
  const ask = (text: string): Promise<string> => {
    if (bench.ask === undefined) throw new BenchError('mesh-oob', `"${text}" needs a person at the bench`);
    return bench.ask(text);
  };
  return {
    read: async (action, size) =>
      valueIn(await ask(`${SHOWN[action] ?? 'Read the value of the device'} and type it here`), action, size),
    enter: async (action, value) => void (await ask(`${ENTERED[action] ?? 'Enter on the device'}: ${value}`)),
  };
}
