import { exec } from 'node:child_process';
import { BenchError, messageOf } from '../core/errors.ts';
import type { Power } from '../core/standard.ts';
import type { ResourceOf } from './schema.ts';

/** Asks a person at the terminal to do something and to confirm it; resolves with what they type, which is usually nothing. */
export type Prompt = (text: string) => Promise<string>;

/** The resource by name, and the folder of its rig file, in which its commands run. */
export interface Place {
  readonly where: string;
  readonly cwd: string;
}

/** Runs one command of the rig file in a shell; a failure is a BenchError with what the command said. */
function shell({ where, cwd }: Place, command: string, timeoutS: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // SIGKILL, because a command that hangs may also ignore what is politer; the rig must come free.
    exec(command, { cwd, timeout: timeoutS * 1000, killSignal: 'SIGKILL' }, (e, _, stderr) => {
      if (e === null) {
        resolve();
        return;
      }
      const why = e.killed === true ? `no end after ${timeoutS} s` : `exit code ${e.code}`;
      reject(
        new BenchError('bench-command', `\`${command}\` failed: ${why}. ${stderr.trim()}`, {
          place: { where },
          cause: e,
        }),
      );
    });
  });
}

/** What a reset line needs of the console. */
export interface LineSender {
  send(line: string): Promise<void>;
}

/** What a power switch at the end of a console needs: the answer says that it has switched. */
export interface LineAsker {
  ask(line: string, deadlineMs: number): Promise<string>;
}

/** A power switch that a person, a command or a line on a console works. */
export function powerSwitch(
  place: Place,
  resource: ResourceOf<'power'>,
  prompt: Prompt,
  consoleOf: (name: string) => LineAsker,
): Power {
  switch (resource.by) {
    case 'hand':
      return {
        off: async () => void (await prompt(`Switch ${resource.what} OFF`)),
        on: async () => void (await prompt(`Switch ${resource.what} ON`)),
      };
    case 'command':
      return {
        off: () => shell(place, resource.off, resource.timeoutS),
        on: () => shell(place, resource.on, resource.timeoutS),
      };
    case 'console': {
      const say = async (line: string): Promise<void> => {
        const answer = await consoleOf(resource.console).ask(line, resource.timeoutS * 1000);
        if (answer.startsWith('error'))
          throw new BenchError('power', `"${line}" was answered "${answer}"`, { place: { where: place.where } });
      };
      return { off: () => say(resource.off), on: () => say(resource.on) };
    }
  }
}

/** A reset that a command or a line on the console causes. It resolves when that has been given; whether the device came back is for its standard to find out. */
export function resetLine(
  place: Place,
  resource: ResourceOf<'reset'>,
  consoleOf: (name: string) => LineSender,
): { reset(): Promise<void> } {
  switch (resource.by) {
    case 'command':
      return { reset: () => shell(place, resource.command, resource.timeoutS) };
    case 'console':
      return {
        async reset() {
          try {
            await consoleOf(resource.console).send(resource.line);
          } catch (e) {
            throw new BenchError('reset', messageOf(e), { place: { where: place.where }, cause: e });
          }
        },
      };
  }
}
