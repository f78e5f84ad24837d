/** The images that people write in manifests. Given; how they are made is `image-definition.ts`. */

import { type ImageDefinition, USUAL_TAGS } from './image-definition.ts';

const MB = 1_000_000;

const NGINX_PAGE =
  '<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n</body>\n</html>\n';

const nginx: ImageDefinition = {
  base: 'debian',
  executables: { '/usr/sbin/nginx': 'nginx' },
  files: {
    '/usr/share/nginx/html/index.html': NGINX_PAGE,
    '/usr/share/nginx/html/50x.html': '<h1>An error occurred.</h1>\n',
    '/etc/nginx/nginx.conf': 'events {}\nhttp { include /etc/nginx/conf.d/*.conf; }\n',
    '/etc/nginx/conf.d/default.conf':
      'server {\n    listen       80;\n    location / {\n        root   /usr/share/nginx/html;\n    }\n}\n',
  },
  config: { cmd: ['nginx', '-g', 'daemon off;'], stopSignal: 'SIGQUIT' },
  versionVariable: 'NGINX_VERSION',
  latestVersion: '1.27.5',
  // A tutorial asks for 1.161, which there never was.
  tags: /^(latest|stable|mainline|alpine|perl|stable-\w+|mainline-\w+|1(\.\d{1,2}){0,2}(-[\w.]+)*)$/,
  size: 60 * MB,
};

const busybox: ImageDefinition = { base: 'busybox', config: { cmd: ['sh'] }, size: 0 };
const alpine: ImageDefinition = { base: 'alpine', config: { cmd: ['/bin/sh'] }, size: 0 };
const debian: ImageDefinition = { base: 'debian', config: { cmd: ['bash'] }, size: 0 };

const pause: ImageDefinition = {
  base: 'scratch',
  executables: { '/pause': 'pause' },
  config: { entrypoint: ['/pause'], user: '65535:65535' },
  size: 0.3 * MB,
};

const agnhost: ImageDefinition = {
  base: 'alpine',
  executables: { '/agnhost': 'agnhost' },
  config: { entrypoint: ['/agnhost'], cmd: ['pause'] },
  size: 40 * MB,
};

const webPage = (title: string, port = 80): ImageDefinition => ({
  base: 'debian',
  executables: { '/usr/local/bin/serve': 'web-page' },
  config: { cmd: ['serve'], env: [`PAGE_TITLE=${title}`, `PAGE_PORT=${port}`] },
  size: 80 * MB,
});

/** @param data - where it keeps what it is asked to keep */
const database = (
  port: number,
  { data, greeting = '' }: { data?: string; greeting?: string } = {},
): ImageDefinition => ({
  base: 'debian',
  executables: {
    '/usr/local/bin/server': 'sql-server',
    '/usr/bin/mysql': 'sql-client',
    '/usr/bin/mysqladmin': 'sql-client',
    '/usr/bin/pg_isready': 'sql-client',
    '/usr/bin/psql': 'sql-client',
  },
  ...(data !== undefined && { files: { [`${data}/.keep`]: '' } }),
  config: {
    cmd: ['server'],
    env: [
      `SERVER_PORT=${port}`,
      ...(greeting === '' ? [] : [`SERVER_GREETING=${greeting}`]),
      ...(data === undefined ? [] : [`SERVER_DATA=${data}`]),
    ],
  },
  size: 150 * MB,
});

const mysql = database(3306, { data: '/var/lib/mysql', greeting: '8.0 mysql' });
const postgres = database(5432, { data: '/var/lib/postgresql/data' });

const redis: ImageDefinition = {
  base: 'debian',
  executables: {
    '/usr/local/bin/redis-server': 'redis',
    '/usr/local/bin/redis-cli': 'redis-cli',
  },
  config: { cmd: ['redis-server'], workingDir: '/data' },
  versionVariable: 'REDIS_VERSION',
  latestVersion: '7.4.3',
  size: 40 * MB,
};

const follower = (leader: string): ImageDefinition => ({
  ...redis,
  config: { ...redis.config, env: [`REDIS_LEADER=${leader}`] },
});

const stress: ImageDefinition = {
  base: 'alpine',
  executables: { '/usr/bin/stress': 'stress', '/stress': 'stress' },
  config: { cmd: ['stress'] },
  size: 4 * MB,
};

const helloApp: ImageDefinition = {
  base: 'scratch',
  executables: { '/hello-app': 'hello-app' },
  config: { cmd: ['/hello-app'] },
  versionVariable: 'APP_VERSION',
  latestVersion: '1.0.0',
  size: 11 * MB,
};

const program = (name: string, base: ImageDefinition['base'] = 'alpine'): ImageDefinition => ({
  base,
  executables: { [`/usr/bin/${name}`]: name },
  config: { cmd: [name] },
  size: 5 * MB,
});

const httpEcho: ImageDefinition = {
  base: 'scratch',
  executables: { '/http-echo': 'agnhost' },
  config: { entrypoint: ['/http-echo'] },
  size: 4 * MB,
};

const bootcamp: ImageDefinition = {
  ...program('bootcamp', 'debian'),
  versionVariable: 'APP_VERSION',
  latestVersion: '1',
  size: 80 * MB,
};

const podinfo: ImageDefinition = {
  ...program('podinfo'),
  versionVariable: 'APP_VERSION',
  latestVersion: '6.8.0',
  size: 20 * MB,
};

const guestbook = (port = 80): ImageDefinition => ({
  base: 'debian',
  executables: { '/usr/local/bin/guestbook': 'guestbook' },
  config: { cmd: ['guestbook'], env: [`PAGE_PORT=${port}`] },
  size: 140 * MB,
});

const wordpress: ImageDefinition = {
  base: 'debian',
  executables: { '/usr/local/bin/apache2-foreground': 'wordpress' },
  config: { cmd: ['apache2-foreground'], workingDir: '/var/www/html' },
  size: 200 * MB,
};

/** Something that only has to be there. */
const idle = (base: 'alpine' | 'debian' = 'debian'): ImageDefinition => ({
  base,
  config: { cmd: ['sleep', 'infinity'] },
  size: 60 * MB,
});

/** Repository to its images. */
export const IMAGES: Readonly<Record<string, ImageDefinition>> = {
  'docker.io/library/nginx': nginx,
  'docker.io/nginxinc/nginx-unprivileged': {
    ...nginx,
    files: {
      ...nginx.files,
      '/etc/nginx/conf.d/default.conf':
        'server {\n    listen       8080;\n    root   /usr/share/nginx/html;\n}\n',
    },
    config: { ...nginx.config, user: '101' },
  },
  'docker.io/library/busybox': busybox,
  'registry.k8s.io/busybox': busybox,
  'registry.k8s.io/e2e-test-images/busybox': busybox,
  'docker.io/library/alpine': alpine,
  'docker.io/curlimages/curl': { ...alpine, config: { entrypoint: ['curl'] } },
  'docker.io/radial/busyboxplus': busybox,
  'docker.io/library/debian': debian,
  'docker.io/library/ubuntu': debian,
  'docker.io/library/bash': {
    ...alpine,
    executables: { '/usr/local/bin/bash': 'busybox' },
    config: { cmd: ['bash'] },
  },
  'registry.k8s.io/pause': pause,
  'k8s.gcr.io/pause': pause,
  'registry.k8s.io/e2e-test-images/agnhost': agnhost,
  'registry.k8s.io/e2e-test-images/nginx': nginx,
  'registry.k8s.io/e2e-test-images/httpd': webPage('It works!'),
  'registry.k8s.io/nginx-slim': { ...nginx, tags: USUAL_TAGS },
  'k8s.gcr.io/nginx-slim': { ...nginx, tags: USUAL_TAGS },
  'registry.k8s.io/e2e-test-images/jessie-dnsutils': {
    ...debian,
    config: { cmd: ['sleep', 'infinity'] },
  },
  'registry.k8s.io/serve_hostname': {
    ...agnhost,
    config: { entrypoint: ['/agnhost', 'serve-hostname'] },
  },
  'registry.k8s.io/echoserver': { ...program('echo-server'), config: { cmd: ['echo-server'] } },
  'registry.k8s.io/hpa-example': { ...program('hpa-example', 'debian'), size: 190 * MB },
  'registry.k8s.io/goproxy': database(8080),
  'docker.io/library/httpd': webPage('It works!'),
  'docker.io/library/wordpress': wordpress,
  'docker.io/library/php': webPage('PHP'),
  'gcr.io/google-samples/gb-frontend': guestbook(),
  'gcr.io/google_samples/gb-frontend': guestbook(),
  'us-docker.pkg.dev/google-samples/containers/gke/gb-frontend': guestbook(),
  'registry.k8s.io/guestbook': guestbook(3000),
  'gcr.io/google_samples/gb-redis-follower': follower('redis-leader'),
  'gcr.io/google-samples/gb-redis-follower': follower('redis-leader'),
  'gcr.io/google_samples/gb-redisslave': follower('redis-master'),
  'us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower': follower('redis-leader'),
  'docker.io/library/redis': redis,
  'registry.k8s.io/redis': redis,
  'docker.io/kubernetes/redis': redis,
  'docker.io/library/memcached': database(11211),
  'docker.io/library/mysql': mysql,
  'docker.io/library/mariadb': mysql,
  'docker.io/library/postgres': postgres,
  'docker.io/library/mongo': database(27017),
  'docker.io/library/rabbitmq': database(5672),
  'docker.io/library/perl': {
    ...debian,
    executables: { '/usr/local/bin/perl': 'perl' },
    config: { cmd: ['perl'] },
    size: 300 * MB,
  },
  'docker.io/library/hello-world': {
    base: 'scratch',
    executables: { '/hello': 'hello' },
    config: { cmd: ['/hello'] },
    size: 0.01 * MB,
  },
  'docker.io/polinux/stress': stress,
  'docker.io/vish/stress': { ...stress, config: { entrypoint: ['/stress'] } },
  'docker.io/hashicorp/http-echo': httpEcho,
  'gcr.io/google-samples/hello-app': helloApp,
  'us-docker.pkg.dev/google-samples/containers/gke/hello-app': helloApp,
  'gcr.io/google-samples/node-hello': helloApp,
  'gcr.io/google-samples/kubernetes-bootcamp': bootcamp,
  'docker.io/jocatalin/kubernetes-bootcamp': bootcamp,
  'docker.io/traefik/whoami': program('whoami'),
  'docker.io/containous/whoami': program('whoami'),
  'docker.io/nginxdemos/hello': program('nginx-hello'),
  'docker.io/stefanprodan/podinfo': podinfo,
  'ghcr.io/stefanprodan/podinfo': podinfo,
  'registry.k8s.io/test-webserver': {
    ...agnhost,
    config: { entrypoint: ['/agnhost', 'test-webserver'] },
  },
  'docker.io/nicolaka/netshoot': { ...alpine, config: { cmd: ['sh'] } },
  'docker.io/library/tomcat': webPage('Apache Tomcat', 8080),
  'docker.io/library/caddy': webPage('Caddy works!'),
  'docker.io/jenkins/jenkins': webPage('Jenkins', 8080),
  'docker.io/grafana/grafana': webPage('Grafana', 3000),
  'docker.io/prom/prometheus': webPage('Prometheus', 9090),
  'docker.io/prom/node-exporter': webPage('Node Exporter', 9100),
  'quay.io/prometheus/node-exporter': webPage('Node Exporter', 9100),
  'quay.io/fluentd_elasticsearch/fluentd': idle(),
  'docker.io/fluent/fluentd': idle('alpine'),
  'docker.io/fluent/fluent-bit': idle(),
  'docker.io/library/crasher': program('crasher'),
  'docker.io/library/burner': program('burn'),
  'docker.io/library/sleeper': { ...busybox, config: { cmd: ['sleep', 'infinity'] } },
  'docker.io/library/echo': program('echo-server'),
};
