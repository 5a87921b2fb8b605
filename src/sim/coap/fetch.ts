import type { Peer } from '../../link/wire.ts';
import { blockOf, blockOption, blockSize } from './blocks.ts';
import type { Endpoint, Outcome } from './endpoint.ts';
import { METHOD, type Option, OPTION } from './message.ts';

/** How a block-wise GET ended: `status` is the response code as `404`, undefined where the transfer broke off. */
export type Fetched =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly status?: number; readonly why: string };

export interface FetchOptions {
  readonly szx: number;
  /** Real milliseconds to wait for each block; within them it is asked for again and again. */
  readonly limitMs: number;
  /** Ends after the first block. */
  readonly firstOnly?: boolean;
  /** Takes blocks of several representations for one, as a wrong device does. */
  readonly anyEtag?: true;
  /** Called with the octets received so far; false ends the transfer. */
  readonly goOn?: (received: number) => boolean;
}

/** Fetches a resource block by block (Block2). Blocks out of order, of odd size or of another representation break it off. */
export async function fetchBlocks(
  endpoint: Endpoint,
  to: Peer,
  uri: readonly Option[],
  options: FetchOptions,
): Promise<Fetched> {
  const blocks: Buffer[] = [];
  let szx = options.szx;
  let received = 0;
  let etag: string | undefined;
  for (;;) {
    const num = received / blockSize(szx);
    const asked = blockOption(OPTION.block2, { num, more: false, szx });
    const outcome = await ask(endpoint, to, [...uri, asked], options.limitMs);
    if (!outcome.ok) return { ok: false, why: `no answer to the request for block ${num} (${outcome.why})` };
    const { message } = outcome;
    if (message.code !== '2.05') return { ok: false, status: Number(message.code.replace('.', '')), why: message.code };
    const block = blockOf(message, OPTION.block2);
    const tag = message.options.find((o) => o.number === OPTION.etag)?.value.toString('hex');
    if (block === undefined && num === 0) return { ok: true, body: message.payload };
    if (block === undefined || block.num * blockSize(block.szx) !== received)
      return { ok: false, why: `block ${num} asked, ${block === undefined ? 'none' : block.num} received` };
    if (num > 0 && tag !== etag && options.anyEtag !== true)
      return { ok: false, why: 'the resource changed during the transfer' };
    if (block.more && message.payload.length !== blockSize(block.szx))
      return { ok: false, why: `block ${num} has ${message.payload.length} octets` };
    ({ szx } = block);
    etag = tag;
    blocks.push(message.payload);
    received += message.payload.length;
    if (!block.more || options.firstOnly === true) return { ok: true, body: Buffer.concat(blocks) };
    if (options.goOn?.(received) === false) return { ok: false, why: `ended after ${received} octets` };
  }
}

/** One block; a request that is given up is made anew while there is time, as a lossy link asks for. */
async function ask(endpoint: Endpoint, to: Peer, options: readonly Option[], limitMs: number): Promise<Outcome> {
  const end = performance.now() + limitMs;
  for (;;) {
    const left = end - performance.now();
    const outcome = await endpoint.request(to, METHOD.get, options, undefined, Math.max(left, 1));
    if (outcome.ok || outcome.why === 'reset' || performance.now() >= end) return outcome;
  }
}
