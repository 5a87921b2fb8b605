import type { Layout, Value } from '../../core/layout/layout.ts';
import { direction, frameType } from './numbers.ts';

/** A ZCL command: who sends it, and what follows the header. All numbers are little-endian. */
export interface CommandType<L extends Layout = Layout, R = unknown> {
  readonly id: number;
  readonly name: string;
  readonly frameType: number;
  /** Absent for global commands, which either side sends. */
  readonly direction?: number;
  /** Place in the Zigbee Cluster Library, revision 8. */
  readonly clause: string;
  readonly layout: L;
  /** The command that answers this one; absent where none does. */
  readonly reply?: R;
  /** Answers ask for no default response of their own. */
  readonly answers: boolean;
}

/** What a command of this type carries. */
export type CommandValue<C extends CommandType> = Value<C['layout']>;

/** What a declaration says besides number, name and layout. */
interface Options<R> {
  readonly clause: string;
  readonly reply?: R;
  readonly answers?: true;
}

/** Puts a declaration together. */
function command<const L extends Layout, R>(
  kind: Pick<CommandType, 'id' | 'name' | 'frameType'> & { readonly direction?: number },
  layout: L,
  { clause, reply, answers }: Options<R>,
): CommandType<L, R> {
  return { ...kind, clause, layout, answers: answers === true, ...(reply !== undefined && { reply }) };
}

/** Declares a command of a cluster that the client sends. */
export function fromClient<const L extends Layout, R = never>(
  id: number,
  name: string,
  layout: L,
  options: Options<R>,
): CommandType<L, R> {
  return command({ id, name, frameType: frameType.CLUSTER, direction: direction.CLIENT_TO_SERVER }, layout, options);
}

/** Declares a command of a cluster that the server sends. */
export function fromServer<const L extends Layout, R = never>(
  id: number,
  name: string,
  layout: L,
  options: Options<R>,
): CommandType<L, R> {
  return command({ id, name, frameType: frameType.CLUSTER, direction: direction.SERVER_TO_CLIENT }, layout, options);
}

/** Declares a global command. */
export function global<const L extends Layout, R = never>(
  id: number,
  name: string,
  layout: L,
  options: Options<R>,
): CommandType<L, R> {
  return command({ id, name, frameType: frameType.GLOBAL }, layout, options);
}
