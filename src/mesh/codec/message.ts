import { decodeLayout, encodeLayout, type Layout, printLayout, type Value } from '../../core/layout/layout.ts';

/** An access message: its opcode as the number that its octets make, most significant octet first. */
export interface MessageType<L extends Layout = Layout, R = unknown> {
  readonly opcode: number;
  /** Opcodes of older products that are accepted and reported. */
  readonly alsoAccepted: readonly number[];
  readonly name: string;
  readonly layout: L;
  /** The message that answers this one; absent for unacknowledged messages and for answers. */
  readonly reply?: R;
}

/** What a message of this type carries. */
export type MessageValue<M extends MessageType> = Value<M['layout']>;

/** Declares a message. */
export function message<const L extends Layout, R = never>(
  opcode: number,
  name: string,
  layout: L,
  options: { reply?: R; alsoAccepted?: readonly number[] } = {},
): MessageType<L, R> {
  return {
    opcode,
    name,
    layout,
    alsoAccepted: options.alsoAccepted ?? [],
    ...(options.reply && { reply: options.reply }),
  };
}

/** The access PDU of a message: opcode and parameters. TesterError where a value does not fit its field. */
export function encodeMessage<L extends Layout>(type: MessageType<L>, value: Value<L>): Buffer {
  return Buffer.concat([encodeOpcode(type.opcode), encodeLayout(type.layout, value, 'little')]);
}

/** Any access PDU, valid or not: for tests that send what no correct implementation sends. */
export function rawMessage(opcode: number, parameters: Uint8Array): Buffer {
  return Buffer.concat([encodeOpcode(opcode), parameters]);
}

/** The parameters of a message, with what was odd about them. Throws FrameError where they do not fit the layout. */
export function decodeParameters<L extends Layout>(
  type: MessageType<L>,
  parameters: Uint8Array,
): { value: Value<L>; reports: readonly string[] } {
  return decodeLayout(type.layout, parameters, 'little', type.name);
}

/** `Name: field=value, …`. */
export function printMessage<L extends Layout>(type: MessageType<L>, value: Value<L>): string {
  const fields = printLayout(type.layout, value);
  return fields === '' ? type.name : `${type.name}: ${fields}`;
}

/** Octets of an opcode: one up to 7E, two from 8000 to BFFF, three with a company identifier. */
export function encodeOpcode(opcode: number): Buffer {
  const length = opcode <= 0xff ? 1 : opcode <= 0xffff ? 2 : 3;
  const out = Buffer.alloc(length);
  out.writeUIntBE(opcode, 0, length);
  return out;
}

/** How many octets the opcode takes that begins with this one. */
export function opcodeLength(first: number): 1 | 2 | 3 {
  return first < 0x80 ? 1 : first < 0xc0 ? 2 : 3;
}
