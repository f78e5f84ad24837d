/** All that has to be known to talk to an API server, wherever it was read from. */

/** A server, and who asks it. Certificates and keys are text in PEM. */
export interface RestConfig {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** Where one works when nothing else is said. */
  readonly namespace: string;
  /** Whom to trust; absent: the system's certificate authorities. */
  readonly certificateAuthority?: string | undefined;
  /** Trust anybody. */
  readonly insecureSkipTlsVerify?: boolean;
  /** The name in the server's certificate; absent: the one in `server`. */
  readonly tlsServerName?: string | undefined;
  readonly proxyUrl?: string | undefined;
  readonly user: UserConfig;
}

/** Who asks. Empty: nobody in particular. */
export interface UserConfig {
  readonly token?: string | undefined;
  /** Read again each minute; counts only without `token`. */
  readonly tokenFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  /** Counts only without a token, a password and a certificate. */
  readonly exec?: ExecConfig | undefined;
  readonly impersonate?: ImpersonationConfig | undefined;
}

/** Whom to act as. */
export interface ImpersonationConfig {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A program that knows who asks. */
export interface ExecConfig {
  /** For messages: where it was configured. */
  readonly where: string;
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** What to tell who does not have the program. */
  readonly installHint: string;
  /** May it ask at the terminal? */
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  /** Told to the program; absent: it does not want to know. */
  readonly cluster?: object | undefined;
}
