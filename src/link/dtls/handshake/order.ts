import { HandshakeError } from '../failure.ts';
import { HANDSHAKE, type HandshakeName, handshakeName, printNumber } from '../numbers.ts';

/** The messages that move a handshake on; HelloRequest is none of them. */
export type Step = Exclude<HandshakeName, 'HelloRequest'>;

/** The name of a message that may come now. HandshakeError (`unexpected_message`) that names what was expected otherwise. */
export function checkOrder(
  type: number,
  last: Step,
  mayFollow: Partial<Readonly<Record<Step, readonly Step[]>>>,
): Step {
  const name = handshakeName(type);
  const expected = mayFollow[last] ?? [];
  if (name === undefined || name === 'HelloRequest' || !expected.includes(name))
    throw new HandshakeError(
      'unexpected_message',
      `after ${last}: expected ${expected.join(' or ') || 'nothing'}, received ${printNumber(HANDSHAKE, type)}`,
    );
  return name;
}
