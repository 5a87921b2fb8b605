import { InputError } from '../../core/errors.ts';

/** How a Bluetooth adapter is reached. */
export type BleAddress =
  /** An adapter that the Linux kernel knows, by its number. */
  | { readonly kind: 'kernel'; readonly device: number }
  /** A controller behind a byte stream; `stream` is a name for `openStream`. */
  | { readonly kind: 'h4'; readonly stream: string }
  /** What noble takes on this platform: the adapter of macOS or Windows. */
  | { readonly kind: 'platform' };

/** Serial HCI firmware commonly runs at this rate. */
const H4_BAUD = 1_000_000;

/** Reads `ble:hci0`, `ble:h4:/dev/ttyACM0?baud=1000000`, `ble:h4:tcp://host:port` or `ble:default`. Throws InputError. */
export function parseBleUrl(url: string): BleAddress {
  const kernel = /^ble:hci(\d+)$/.exec(url);
  if (kernel !== null) return { kind: 'kernel', device: Number(kernel[1]) };
  if (url === 'ble:default') return { kind: 'platform' };
  const name = /^ble:h4:(.+)$/.exec(url)?.[1];
  if (name?.startsWith('tcp://') === true) return { kind: 'h4', stream: name };
  if (name !== undefined && (name.startsWith('/') || /^COM\d+/i.test(name))) {
    const baud = /[?&]baud=/.test(name) ? '' : `${name.includes('?') ? '&' : '?'}baud=${H4_BAUD}`;
    return { kind: 'h4', stream: `serial:${name}${baud}` };
  }
  throw new InputError(
    'ble-url',
    'expected ble:hci0, ble:h4:/dev/...?baud=N, ble:h4:tcp://host:port or, on macOS and Windows, ble:default',
    { place: { where: url } },
  );
}
