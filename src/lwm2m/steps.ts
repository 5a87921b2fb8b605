import { randomBytes } from 'node:crypto';
import { blockOption } from '../coap/block.ts';
import type { CoapEndpoint } from '../coap/endpoint.ts';
import { emptyMessage, METHOD, type Message } from '../coap/message.ts';
import type { Arrival } from '../coap/message-layer.ts';
import type { Bench } from '../core/standard.ts';
import { OPTION, uintOption } from '../coap/options.ts';
import { type Client, STEP } from './client.ts';
import type { Twice } from './tester.ts';

/** So many copies without answer are explained by loss less than once in a thousand (10 % each way). */
export const TRIES = 5;

/** What cases make message by message: repetitions and pings. */
export interface Steps {
  twice(label: string, request: Twice): Promise<void>;
  ping(label: string): Promise<void>;
}

export function stepper({ events, timing }: Bench, endpoint: CoapEndpoint, client: Client): Steps {
  /** Sends the same octets until something fits comes back; the last answer, if any. */
  const insist = async (
    label: string,
    what: string,
    message: Message,
    fits: (arrival: Arrival) => boolean,
  ): Promise<boolean> => {
    const { peer } = client.registration();
    for (let i = 0; i < TRIES; i++) {
      const { sent, arrival } = await endpoint.step({
        to: peer,
        send: message,
        until: fits,
        deadlineMs: timing.real('again'),
      });
      if (arrival === undefined) continue;
      const got = arrival.decoded.ok ? arrival.decoded.message : undefined;
      // A separate response must be acknowledged, or the device repeats it.
      if (got?.type === 'CON') endpoint.send(peer, emptyMessage('ACK', got.mid));
      const data = { label, what, code: got?.code ?? null, type: got?.type ?? null, sent, copies: i + 1 };
      events.append({ channel: 'coap', type: STEP, via: arrival.n, data });
      return true;
    }
    events.append({ channel: 'coap', type: STEP, data: { label, what, code: null, type: null, copies: TRIES } });
    return false;
  };

  return {
    async twice(label, { method, path, payload, format, block1 }) {
      const token = randomBytes(4);
      const { peer } = client.registration();
      const options = [
        ...(format === undefined ? [] : [uintOption(OPTION.contentFormat, format)]),
        ...(block1 === undefined ? [] : [blockOption(OPTION.block1, block1)]),
      ];
      const message: Message = {
        type: 'CON',
        code: METHOD[method],
        mid: endpoint.nextMid(peer),
        token,
        options: client.options(path, options),
        payload: Buffer.from(payload ?? []),
      };
      const answers = ({ decoded }: Arrival): boolean =>
        decoded.ok && decoded.message.code !== '0.00' && decoded.message.token.equals(token);
      if (await insist(label, method, message, answers)) await insist(`${label} again`, method, message, answers);
    },
    async ping(label) {
      const message = emptyMessage('CON', endpoint.nextMid(client.registration().peer));
      await insist(label, 'ping', message, ({ decoded }) => {
        const got = decoded.ok ? decoded.message : undefined;
        return got?.mid === message.mid && (got.type === 'RST' || got.type === 'ACK');
      });
    },
  };
}
