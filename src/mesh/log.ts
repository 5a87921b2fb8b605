import { type Ev, rawOf } from '../core/events.ts';
import { decodeAccess, type Decoded, printAccess, valueOf } from './codec/access.ts';
import { FrameError } from '../core/layout/cursor.ts';
import type { Layout, Value } from '../core/layout/layout.ts';
import type { MessageType } from './codec/message.ts';
import { hexNumber } from '../core/layout/names.ts';
import { decodeProvisioning, printProvisioning } from './codec/provisioning.ts';
import { printProxyConfiguration } from './codec/proxy.ts';

/** An access message as a judge sees it: all of it from the stored event. */
export interface AccessEvent {
  readonly event: Ev;
  readonly dir: 'in' | 'out';
  readonly src: number;
  readonly dst: number;
  /** `app:0` or `dev:0x0201`. */
  readonly key: string;
  readonly decoded: Decoded;
}

/** The access message that an event recorded; undefined for every other event. */
export function accessOf(event: Ev): AccessEvent | undefined {
  if (event.type !== 'mesh.access' || event.dir === undefined) return undefined;
  const { src, dst, key } = event.data ?? {};
  return {
    event,
    dir: event.dir,
    src: Number(src),
    dst: Number(dst),
    key: typeof key === 'string' ? key : '',
    decoded: decodeAccess(rawOf(event)),
  };
}

/** All well-formed messages of one type in a log, with their values. */
export function messagesOf<L extends Layout>(
  events: readonly Ev[],
  type: MessageType<L>,
  dir?: 'in' | 'out',
): readonly (AccessEvent & { readonly value: Value<L> })[] {
  return events.flatMap((event) => {
    const access = accessOf(event);
    const value = access && valueOf(type, access.decoded);
    return access === undefined || value === undefined || (dir !== undefined && access.dir !== dir)
      ? []
      : [{ ...access, value }];
  });
}

/** One line for a person about any event of the mesh channel; never throws for what a device sent. */
export function printMeshEvent(event: Ev): string {
  const access = accessOf(event);
  const raw = rawOf(event);
  if (access !== undefined) {
    const { src, dst, key } = access;
    return `${hexNumber(src, 4)} to ${hexNumber(dst, 4)} under ${key}: ${printAccess(raw)}`;
  }
  const data = event.data === undefined ? '' : ` ${JSON.stringify(event.data)}`;
  if (event.type === 'mesh.proxy') return printProxyConfiguration(raw);
  if (event.type === 'mesh.provisioning') {
    try {
      return printProvisioning(decodeProvisioning(raw));
    } catch (error) {
      if (error instanceof FrameError) return `malformed provisioning PDU: ${error.message}`;
      throw error;
    }
  }
  return `${event.type}${event.raw === undefined ? '' : ` [${event.raw}]`}${data}`;
}
