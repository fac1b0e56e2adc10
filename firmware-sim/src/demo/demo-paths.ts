import { join } from 'node:path';

/** Where the demo keeps its things, all below the data directory. */
export class DemoPaths {
  readonly root: string;

  constructor(dataDir: string) {
    this.root = join(dataDir, 'demo');
  }

  get processesFile(): string {
    return join(this.root, 'processes.json');
  }

  get campusFile(): string {
    return join(this.root, 'campus.json');
  }

  get provisionDir(): string {
    return join(this.root, 'provision');
  }

  deviceLink(deviceId: string): string {
    return join(this.root, 'dev', deviceId);
  }

  /** The log of a simulated terminal. */
  flash(deviceId: string): string {
    return join(this.root, `${deviceId}.flash.json`);
  }

  get templateKey(): string {
    return join(this.provisionDir, 'template-key');
  }

  gatewayConfig(gatewayId: string): string {
    return join(this.root, `${gatewayId}.yaml`);
  }

  gatewayData(gatewayId: string): string {
    return join(this.root, gatewayId);
  }

  log(name: string): string {
    return join(this.root, 'log', `${name}.log`);
  }
}
