import type { Path } from './path.ts';
import type { TypeOf, ValueType } from './value.ts';

/** One resource of an object definition. */
export interface ResourceDefinition {
  readonly name: string;
  /** What the server may do with it. */
  readonly operations: 'R' | 'W' | 'RW' | 'E' | '';
  readonly multiple: boolean;
  readonly mandatory: boolean;
  /** Undefined for resources that are only executed. */
  readonly type: ValueType | undefined;
  /** Smallest and largest value, or length in octets of a text. */
  readonly range?: readonly [number, number];
}

export interface ObjectDefinition {
  readonly id: number;
  readonly name: string;
  readonly urn: string;
  readonly version: string;
  readonly multiple: boolean;
  readonly resources: Readonly<Record<number, ResourceDefinition>>;
}

type Mark = 'M' | 'O';
const TEXT: readonly [number, number] = [0, 255];

const row =
  (operations: ResourceDefinition['operations'], multiple = false) =>
  (name: string, mark: Mark, type?: ValueType, range?: readonly [number, number]): ResourceDefinition => ({
    name,
    operations,
    multiple,
    mandatory: mark === 'M',
    type,
    ...(range === undefined ? {} : { range }),
  });
const [R, W, RW, E, NONE] = [row('R'), row('W'), row('RW'), row('E'), row('')];
const [R_MANY, RW_MANY] = [row('R', true), row('RW', true)];

/** Object 9, one instance per software package (its definition file, version 1.0). */
export const SOFTWARE_MANAGEMENT: ObjectDefinition = {
  id: 9,
  name: 'Software Management',
  urn: 'urn:oma:lwm2m:oma:9',
  version: '1.0',
  multiple: true,
  resources: {
    0: R('PkgName', 'M', 'String', TEXT),
    1: R('PkgVersion', 'M', 'String', TEXT),
    2: W('Package', 'O', 'Opaque'),
    3: W('Package URI', 'O', 'String', TEXT),
    4: E('Install', 'M'),
    5: R('Checkpoint', 'O', 'Objlnk'),
    6: E('Uninstall', 'M'),
    7: R('Update State', 'M', 'Integer', [0, 4]),
    8: RW('Update Supported Objects', 'O', 'Boolean'),
    9: R('Update Result', 'M', 'Integer', [0, 200]),
    10: E('Activate', 'M'),
    11: E('Deactivate', 'M'),
    12: R('Activation State', 'M', 'Boolean'),
    13: RW('Package Settings', 'O', 'Objlnk'),
    14: W('User Name', 'O', 'String', TEXT),
    15: W('Password', 'O', 'String', TEXT),
    16: R('Status Reason', 'O', 'String'),
    17: R_MANY('Software Component Link', 'O', 'Objlnk'),
    18: R('Software Component tree length', 'O', 'Integer', [0, 255]),
  },
};

/** Object 14, one instance per component of a package (its definition file, version 1.0). */
export const SOFTWARE_COMPONENT: ObjectDefinition = {
  id: 14,
  name: 'Software Component',
  urn: 'urn:oma:lwm2m:oma:14',
  version: '1.0',
  multiple: true,
  resources: {
    0: R('Component Identity', 'O', 'String', TEXT),
    1: R('Component Pack', 'O', 'Opaque'),
    2: R('Component Version', 'O', 'String', TEXT),
    3: E('Activate', 'O'),
    4: E('Deactivate', 'O'),
    5: R('Activation State', 'O', 'Boolean'),
  },
};

const SECURITY: ObjectDefinition = {
  id: 0,
  name: 'LwM2M Security',
  urn: 'urn:oma:lwm2m:oma:0',
  version: '1.0',
  multiple: true,
  resources: {
    0: NONE('LwM2M Server URI', 'M', 'String', TEXT),
    1: NONE('Bootstrap-Server', 'M', 'Boolean'),
    2: NONE('Security Mode', 'M', 'Integer', [0, 4]),
    3: NONE('Public Key or Identity', 'M', 'Opaque'),
    4: NONE('Server Public Key', 'M', 'Opaque'),
    5: NONE('Secret Key', 'M', 'Opaque'),
    10: NONE('Short Server ID', 'O', 'Integer', [1, 65534]),
    11: NONE('Client Hold Off Time', 'O', 'Integer'),
  },
};

const SERVER: ObjectDefinition = {
  id: 1,
  name: 'LwM2M Server',
  urn: 'urn:oma:lwm2m:oma:1',
  version: '1.0',
  multiple: true,
  resources: {
    0: R('Short Server ID', 'M', 'Integer', [1, 65535]),
    1: RW('Lifetime', 'M', 'Integer'),
    2: RW('Default Minimum Period', 'O', 'Integer'),
    3: RW('Default Maximum Period', 'O', 'Integer'),
    4: E('Disable', 'O'),
    5: RW('Disable Timeout', 'O', 'Integer'),
    6: RW('Notification Storing', 'M', 'Boolean'),
    7: RW('Binding', 'M', 'String'),
    8: E('Registration Update Trigger', 'M'),
  },
};

const ACCESS_CONTROL: ObjectDefinition = {
  id: 2,
  name: 'LwM2M Access Control',
  urn: 'urn:oma:lwm2m:oma:2',
  version: '1.0',
  multiple: true,
  resources: {
    0: R('Object ID', 'M', 'Integer', [1, 65534]),
    1: R('Object Instance ID', 'M', 'Integer', [0, 65535]),
    2: RW_MANY('ACL', 'O', 'Integer', [0, 31]),
    3: RW('Access Control Owner', 'M', 'Integer', [0, 65535]),
  },
};

const DEVICE: ObjectDefinition = {
  id: 3,
  name: 'Device',
  urn: 'urn:oma:lwm2m:oma:3',
  version: '1.0',
  multiple: false,
  resources: {
    0: R('Manufacturer', 'O', 'String'),
    1: R('Model Number', 'O', 'String'),
    2: R('Serial Number', 'O', 'String'),
    3: R('Firmware Version', 'O', 'String'),
    4: E('Reboot', 'M'),
    5: E('Factory Reset', 'O'),
    9: R('Battery Level', 'O', 'Integer', [0, 100]),
    11: R_MANY('Error Code', 'M', 'Integer', [0, 32]),
    13: RW('Current Time', 'O', 'Time'),
    16: R('Supported Binding and Modes', 'M', 'String'),
    19: R('Software Version', 'O', 'String'),
  },
};

/** The objects that this standard and its tester deal with, by id. */
export const OBJECTS: Readonly<Record<number, ObjectDefinition>> = {
  0: SECURITY,
  1: SERVER,
  2: ACCESS_CONTROL,
  3: DEVICE,
  9: SOFTWARE_MANAGEMENT,
  14: SOFTWARE_COMPONENT,
};

/** The definition of the resource at or above this path. */
export function resourceAt(path: Path): ResourceDefinition | undefined {
  const [object, , resource] = path;
  return object === undefined || resource === undefined ? undefined : OBJECTS[object]?.resources[resource];
}

/** Types by the definitions above. */
export const typeOf: TypeOf = (path) => resourceAt(path)?.type;

/** `Update State (7)`, or the bare number. */
export function printResource(object: number, resource: number): string {
  const name = OBJECTS[object]?.resources[resource]?.name;
  return name === undefined ? String(resource) : `${name} (${resource})`;
}
