import { FrameError } from '../../core/layout/cursor.ts';
import { decodeLayout, encodeLayout, type Layout, type Value } from '../../core/layout/layout.ts';
import { decodeParameters, type MessageType, opcodeLength, printMessage } from './message.ts';
import { blobMessages } from './messages/blob.ts';
import { compositionPage, configurationMessages } from './messages/configuration.ts';
import { distributionMessages } from './messages/distribution.ts';
import { updateMessages } from './messages/update.ts';
import { hexNumber } from '../../core/layout/names.ts';

/** Every message that the codec knows. */
export const allMessages: readonly MessageType[] = [
  ...configurationMessages,
  ...blobMessages,
  ...updateMessages,
  ...distributionMessages,
];

const byOpcode = new Map(
  allMessages.flatMap((type) => [type.opcode, ...type.alsoAccepted].map((opcode) => [opcode, type] as const)),
);

/** An access PDU as decoded. Nothing that a device sends makes the decoder throw. */
export type Decoded =
  | {
      readonly kind: 'message';
      readonly type: MessageType;
      readonly opcode: number;
      readonly value: Readonly<Record<string, unknown>>;
      /** What was odd: reserved bits, prohibited values, an opcode of an older product. */
      readonly reports: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly opcode: number; readonly parameters: Buffer }
  | {
      readonly kind: 'malformed';
      /** The message that the opcode announces; absent where not even an opcode could be read. */
      readonly type?: MessageType;
      readonly opcode: number;
      readonly parameters: Buffer;
      readonly error: FrameError;
    };

/** Decodes an access PDU: opcode and parameters. */
export function decodeAccess(pdu: Uint8Array): Decoded {
  const length = opcodeLength(pdu[0] ?? 0);
  const octets = Buffer.from(pdu.buffer, pdu.byteOffset, pdu.byteLength);
  if (octets.length < length || octets[0] === 0x7f) {
    const error = new FrameError(
      octets.length < length ? 'truncated' : 'invalid',
      0,
      `no opcode in ${octets.length} octets`,
    );
    return { kind: 'malformed', opcode: octets[0] ?? 0, parameters: octets.subarray(1), error };
  }
  const opcode = octets.readUIntBE(0, length);
  const parameters = octets.subarray(length);
  const type = byOpcode.get(opcode);
  if (type === undefined) return { kind: 'unknown', opcode, parameters };
  try {
    const { value, reports } = decodeParameters(type, parameters);
    const older =
      opcode === type.opcode ? [] : [`opcode ${hexNumber(opcode, 2)} instead of ${hexNumber(type.opcode, 2)}`];
    return { kind: 'message', type, opcode, value, reports: [...older, ...reports] };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { kind: 'malformed', type, opcode, parameters, error };
  }
}

/** The value of `decoded` if it is a well-formed message of this type. */
export function valueOf<L extends Layout>(type: MessageType<L>, decoded: Decoded): Value<L> | undefined {
  return decoded.kind === 'message' && decoded.type.opcode === type.opcode ? (decoded.value as Value<L>) : undefined;
}

/** One line for a person: name, fields, and what was odd. */
export function printAccess(pdu: Uint8Array): string {
  const decoded = decodeAccess(pdu);
  switch (decoded.kind) {
    case 'message': {
      const odd = decoded.reports.length === 0 ? '' : ` (odd: ${decoded.reports.join('; ')})`;
      return printMessage(decoded.type, decoded.value) + odd;
    }
    case 'unknown':
      return `unknown opcode ${hexNumber(decoded.opcode, 2)}: [${decoded.parameters.toString('hex')}]`;
    case 'malformed':
      return `malformed ${decoded.type?.name ?? 'access PDU'}: ${decoded.error.message}`;
  }
}

/** Page 0 or 0x80 of the Composition Data, decoded. Throws FrameError. */
export function decodeComposition(data: Uint8Array): Value<typeof compositionPage> {
  return decodeLayout(compositionPage, data, 'little', 'Composition Data').value;
}

/** The octets of a Composition Data page 0 or 0x80. */
export function encodeComposition(page: Value<typeof compositionPage>): Buffer {
  return encodeLayout(compositionPage, page, 'little');
}
