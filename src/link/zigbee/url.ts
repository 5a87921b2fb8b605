import { InputError } from '../../core/errors.ts';

/** Families of dongles, by the firmware that runs on them. */
export const DONGLES = ['zstack', 'ember', 'deconz', 'zboss', 'zigate'] as const;
/** One of `DONGLES`. */
export type DongleKind = (typeof DONGLES)[number];

/** How a dongle is reached. */
export interface DongleAddress {
  readonly kind: DongleKind;
  /** Serial path, or `tcp://host:port` of a dongle behind a network. */
  readonly path: string;
  /** Unless told, what the family commonly uses. */
  readonly baudRate?: number;
  /** Hardware flow control. */
  readonly rtscts?: boolean;
}

function isKind(text: string): text is DongleKind {
  return (DONGLES as readonly string[]).includes(text);
}

/** Reads `zigbee:zstack:/dev/serial/by-id/…?baud=115200&flow=hardware` or `zigbee:zstack:tcp://host:port`. Throws InputError. */
export function parseZigbeeUrl(url: string): DongleAddress {
  const [, kind = '', rest = ''] = /^zigbee:([a-z]+):(.+)$/.exec(url) ?? [];
  const slip = (message: string): InputError => new InputError('zigbee-url', message, { place: { where: url } });
  if (!isKind(kind))
    throw slip(`expected zigbee:KIND:/dev/… or zigbee:KIND:tcp://host:port, KIND one of ${DONGLES.join(', ')}`);
  if (/^tcp:\/\/(\[[^\]]+\]|[^:/]+):\d+$/.test(rest)) return { kind, path: rest };
  const [path = '', query = ''] = rest.split('?');
  if (!path.startsWith('/') && !/^COM\d+$/i.test(path)) throw slip('expected a serial port or tcp://host:port');
  const words = new URLSearchParams(query);
  const baud = words.get('baud');
  const flow = words.get('flow');
  if (baud !== null && !/^[1-9]\d*$/.test(baud)) throw slip(`expected a whole number of baud, found ${baud}`);
  if (flow !== null && flow !== 'none' && flow !== 'hardware') throw slip(`expected flow=none or flow=hardware`);
  return {
    kind,
    path,
    ...(baud === null ? {} : { baudRate: Number(baud) }),
    ...(flow === null ? {} : { rtscts: flow === 'hardware' }),
  };
}
