import { printPeer } from '../../link/wire.ts';
import { decodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import type { Path } from '../../lwm2m/codec/path.ts';
import { type Block, blockOf, blockOption, blockSize } from '../coap/blocks.ts';
import type { Reply, Request } from '../coap/endpoint.ts';
import { OPTION, uintOf, uintOption } from '../coap/message.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

/** What a push needs of its instance of object 9. */
export interface PushPort {
  readonly path: Path;
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Content formats that a package may come in. */
  readonly formats: readonly number[];
  /** The reply to a package that may not come now; undefined where it may. */
  mayBegin(request: Request): Reply | undefined;
  begin(): void;
  /** The whole package; gives the reply to its last block. */
  complete(data: Buffer): Reply;
  /** The push failed: storage too small, or what came is no package in its format. */
  broken(why: 'tooLarge' | 'undecodable' | 'gap'): Reply;
  /** Starts or restarts the time after which an unfinished push is given up; false ends it. */
  watch(on: boolean): void;
}

interface Transfer {
  readonly from: string;
  readonly format: number | undefined;
  /** Message ids of its blocks: a copy that the link delivers late is none of a new transfer. */
  readonly mids: Set<number>;
  body: Buffer;
  /** Octets of the block that came last, and where it began. */
  lastAt: number;
  last: Buffer;
}

/** Takes the Package (9/x/2) block by block (RFC 7959), so that the state can be seen in the middle. */
export class Push {
  private readonly port: PushPort;
  private transfer: Transfer | undefined;
  /** Wrong devices take no second transfer after one that broke off. */
  private brokenOff = false;

  constructor(port: PushPort) {
    this.port = port;
  }

  get open(): boolean {
    return this.transfer !== undefined;
  }

  /** True for a block of the transfer that is under way. */
  isFrom(request: Request): boolean {
    return this.transfer?.from === printPeer(request.from);
  }

  /** Forgets the transfer without a word. */
  drop(): void {
    if (this.transfer === undefined) return;
    this.transfer = undefined;
    this.brokenOff = true;
    this.port.watch(false);
  }

  receive(request: Request): Reply {
    const { message } = request;
    const { behaviour, options, formats } = this.port;
    const block = blockOf(message, OPTION.block1);
    const format = uintOf(message, OPTION.contentFormat);
    if (block?.szx === 7) return { code: '4.00' };
    const echo = block === undefined ? [] : [blockOption(OPTION.block1, block)];
    const answer = (reply: Reply): Reply => ({ ...reply, options: [...(reply.options ?? []), ...echo] });
    if (format === undefined && behaviour.losesWithoutFormat === true)
      return answer({ code: block?.more === true ? '2.31' : '2.04' });
    if (format === undefined && options.noFormat === 'refuse') return answer({ code: '4.00' });
    const known = formats.includes(format ?? FORMAT.opaque) || behaviour.anyFormatAsOpaque === true;
    if (!known) return answer({ code: '4.15' });
    const copy = this.transfer?.mids.has(message.mid) === true && block?.more === true;
    if (copy && behaviour.appendsRepeated !== true && behaviour.refusesRepeated !== true)
      return answer({ code: '2.31' });
    if (block === undefined || this.isFirst(block, message.payload)) {
      const refused = this.mayStart(request, block);
      if (refused !== undefined) return answer(refused);
      this.transfer = {
        from: printPeer(request.from),
        format,
        mids: new Set(),
        body: Buffer.alloc(0),
        lastAt: 0,
        last: Buffer.of(),
      };
      this.port.begin();
    }
    this.transfer?.mids.add(message.mid);
    return answer(this.take(block ?? { num: 0, more: false, szx: 6 }, message.payload, block !== undefined));
  }

  /** The first block of a new transfer; the first block of this one again is none. */
  private isFirst(block: Block, payload: Buffer): boolean {
    const { transfer } = this;
    if (transfer === undefined) return block.num === 0 || this.port.behaviour.startsInMiddle === true;
    return block.num === 0 && !(transfer.lastAt === 0 && payload.equals(transfer.last));
  }

  /** Why a transfer may not start now; undefined where it may. */
  private mayStart(request: Request, block: Block | undefined): Reply | undefined {
    const { behaviour, options } = this.port;
    if (behaviour.largestSzx !== undefined && block !== undefined && block.szx > behaviour.largestSzx)
      return { code: '4.00' };
    if (behaviour.noRestart === true && block?.more === true && (this.brokenOff || this.open)) return { code: '4.08' };
    if (this.open && options.duringPush === '5.03') return { code: '5.03' };
    return this.open ? undefined : this.port.mayBegin(request);
  }

  /** Adds a block to the transfer; the reply to it. */
  private take(block: Block, payload: Buffer, blockwise: boolean): Reply {
    const { behaviour, options } = this.port;
    const { transfer } = this;
    if (transfer === undefined) return { code: '4.08' };
    const size = blockSize(block.szx);
    const at = block.num * size;
    const repeated = at === transfer.lastAt && transfer.last.length > 0 && payload.equals(transfer.last);
    if (repeated && behaviour.refusesRepeated === true) {
      this.drop();
      return this.port.broken('gap');
    }
    if (repeated && behaviour.appendsRepeated !== true) return { code: '2.31' };
    const next = transfer.body.length;
    const jumps = at > next && behaviour.acceptsGap !== true && behaviour.startsInMiddle !== true;
    if (blockwise && (jumps || (block.more && payload.length !== size))) {
      this.drop();
      return jumps ? this.port.broken('gap') : { code: '4.00' };
    }
    // A block that came before is acknowledged and left alone.
    if (blockwise && at < next && behaviour.appendsRepeated !== true) return { code: '2.31' };
    transfer.body = Buffer.concat([transfer.body, payload]);
    transfer.last = payload;
    transfer.lastAt = at;
    if (transfer.body.length > options.storage) {
      this.end();
      return { ...this.port.broken('tooLarge'), options: [uintOption(OPTION.size1, options.storage)] };
    }
    if (block.more) {
      this.port.watch(true);
      return { code: '2.31' };
    }
    this.end();
    const data = this.decode(transfer);
    return data === undefined ? this.port.broken('undecodable') : this.port.complete(data);
  }

  private end(): void {
    this.transfer = undefined;
    this.port.watch(false);
  }

  /** The package within its content format; undefined where it cannot be read. */
  private decode({ format = FORMAT.opaque, body }: Transfer): Buffer | undefined {
    const { behaviour, path, formats } = this.port;
    const asItIs = format === FORMAT.tlv && behaviour.storesTlvHeader === true;
    if (format === FORMAT.opaque || asItIs || !formats.includes(format)) return body;
    const decoded = decodeContent(format, path, body);
    const value = decoded.ok ? decoded.entries.find((e) => e.path.join() === path.join())?.value : undefined;
    return value?.type === 'Opaque' ? value.value : undefined;
  }
}
