import { boolean, integer, string, type Value } from '../../lwm2m/codec/value.ts';
import type { Reply } from '../coap/endpoint.ts';
import type { DeviceObject, Resource } from './model.ts';
import type { Options } from './options.ts';
import type { Saved } from './saved.ts';

const OK: Reply = { code: '2.04' };

/** What executing the resources of the core objects makes the device do. */
export interface CorePort {
  readonly options: Options;
  readonly saved: Saved;
  changed(): void;
  /** A registration Update, with the lifetime where it is new. */
  update(): void;
  disable(): void;
  reboot(): void;
  factoryReset(): void;
}

/** Object 1: the account of the one server that the device knows. */
export function serverObject(port: CorePort): DeviceObject {
  const { saved, options } = port;
  const seconds = (id: number, key: 'lifetime' | 'defaultPmin' | 'defaultPmax' | 'disableTimeout'): Resource => ({
    id,
    type: 'Integer',
    read: () => integer(saved[key]),
    write: (value) => {
      const wanted = Number(value.value);
      if (wanted < 0 || (wanted === 0 && key === 'lifetime')) return { code: '4.00' };
      saved[key] = wanted;
      port.changed();
      if (key === 'lifetime') port.update();
      return OK;
    },
  });
  const binding = options.queue === 'yes' && options.lwm2m === '1.0' ? 'UQ' : 'U';
  const resources: readonly Resource[] = [
    { id: 0, type: 'Integer', read: () => integer(1) },
    seconds(1, 'lifetime'),
    seconds(2, 'defaultPmin'),
    seconds(3, 'defaultPmax'),
    { id: 4, execute: act(() => port.disable()) },
    seconds(5, 'disableTimeout'),
    {
      id: 6,
      type: 'Boolean',
      read: () => boolean(saved.storing),
      write: (value) => {
        saved.storing = value.value === true;
        port.changed();
        return OK;
      },
    },
    {
      id: 7,
      type: 'String',
      read: () => string(binding),
      write: (value) => (value.value === binding ? OK : { code: '4.00' }),
    },
    { id: 8, execute: act(() => port.update()) },
  ];
  return { id: 1, instances: () => [{ id: 0, resources }] };
}

/** Object 3: what the device is. */
export function deviceObject(port: CorePort): DeviceObject {
  const text = (id: number, value: string): Resource => ({ id, type: 'String', read: () => string(value) });
  const resources: readonly Resource[] = [
    text(0, 'Plumbline'),
    text(1, 'simulated device'),
    text(2, port.options.endpoint),
    text(3, '1.0'),
    { id: 4, execute: act(() => port.reboot()) },
    { id: 5, execute: act(() => port.factoryReset()) },
    { id: 11, type: 'Integer', read: () => new Map<number, Value>([[0, integer(0)]]) },
    text(16, 'U'),
  ];
  return { id: 3, instances: () => [{ id: 0, resources }] };
}

/** An object that installed software has brought. */
export function softwareOwnObject(id: number): DeviceObject {
  const resources: readonly Resource[] = [{ id: 0, type: 'String', read: () => string('brought by software') }];
  return { id, instances: () => [{ id: 0, resources }] };
}

/** Does it once the answer is on its way. */
function act(what: () => void): () => Reply {
  return () => {
    setImmediate(what);
    return OK;
  };
}
