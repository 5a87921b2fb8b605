import { createHmac, timingSafeEqual } from 'node:crypto';
import { messageOf } from '../../core/errors.ts';
import { type Peer, peerKey } from '../wire.ts';
import { readFragments, Reassembler } from './handshake/fragments.ts';
import { type ClientHello, clientHello, helloVerifyRequest, type Message, wholeMessage } from './handshake/messages.ts';
import { CONTENT, HANDSHAKE, VERSION } from './numbers.ts';
import { type DtlsRecord, writeRecord } from './record/record.ts';

const COOKIE_OCTETS = 16;
/** ClientHellos in fragments that are being put together at a time. */
const OPEN_HELLOS = 32;

/** What becomes of a record that holds a ClientHello, or a piece of one. */
export type Greeting =
  | { readonly do: 'answer'; readonly datagram: Buffer }
  | { readonly do: 'accept'; readonly hello: Message; readonly random: Buffer; readonly sequence: number }
  | { readonly do: 'wait' }
  | { readonly do: 'drop'; readonly problem: string };

/** True for a record in clear that starts with a ClientHello, whole or in part. */
export function holdsClientHello(record: DtlsRecord): boolean {
  return record.content === CONTENT.handshake && record.epoch === 0 && record.fragment[0] === HANDSHAKE.ClientHello;
}

/**
 * Meets clients before there is an association: the stateless cookie exchange of RFC 6347 4.2.1. Every hello without
 * the right cookie is answered with a HelloVerifyRequest, repeated ones as well; nothing is remembered but fragments.
 */
export class Greeter {
  private readonly secret: Buffer;
  private readonly cookies: boolean;
  private readonly open = new Map<string, Reassembler>();

  constructor(secret: Buffer, cookies: boolean) {
    this.secret = secret;
    this.cookies = cookies;
  }

  greet(record: DtlsRecord, from: Peer): Greeting {
    try {
      const message = this.assemble(record, from);
      return message === undefined ? { do: 'wait' } : this.meet(message, record, from);
    } catch (e) {
      return { do: 'drop', problem: messageOf(e) };
    }
  }

  private meet(message: Message, record: DtlsRecord, from: Peer): Greeting {
    const hello = clientHello.decode(message.body);
    const cookie = this.cookieOf(hello, from);
    const known = hello.cookie.length === cookie.length && timingSafeEqual(hello.cookie, cookie);
    // Answers carry the record number of the hello, so that no state is needed to count them.
    const { sequence } = record;
    if (known || !this.cookies) return { do: 'accept', hello: message, random: hello.random, sequence };
    // The version of HelloVerifyRequest is 1.0 whatever will be negotiated: RFC 6347 4.2.1.
    const body = helloVerifyRequest.encode({ version: VERSION.dtls10, cookie });
    const fragment = wholeMessage({ type: HANDSHAKE.HelloVerifyRequest, number: message.number, body });
    const datagram = writeRecord({ content: CONTENT.handshake, version: VERSION.dtls12, epoch: 0, sequence, fragment });
    return { do: 'answer', datagram };
  }

  private cookieOf(hello: ClientHello, from: Peer): Buffer {
    const mac = createHmac('sha256', this.secret).update(peerKey(from)).update(hello.random);
    return mac.digest().subarray(0, COOKIE_OCTETS);
  }

  private assemble(record: DtlsRecord, from: Peer): Message | undefined {
    for (const fragment of readFragments(record.fragment)) {
      if (fragment.type !== HANDSHAKE.ClientHello) continue;
      const key = `${peerKey(from)} ${fragment.number}`;
      const parts = this.open.get(key) ?? new Reassembler(fragment.number);
      parts.add(fragment);
      const message = parts.take();
      this.open.delete(key);
      if (message !== undefined) return message;
      this.open.set(key, parts);
      const [oldest] = this.open.keys();
      if (this.open.size > OPEN_HELLOS && oldest !== undefined) this.open.delete(oldest);
    }
    return undefined;
  }
}
