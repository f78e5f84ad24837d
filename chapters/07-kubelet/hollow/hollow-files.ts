/** A disk on which nothing stays, for hollow nodes. Given. */

import { FileError, type FileSystem } from '#apimachinery';

export const hollowFiles: FileSystem = {
  readFile: (path) => {
    throw new FileError('ENOENT', 'open', path);
  },
  writeFile: () => {},
  appendFile: () => {},
  makeDirectory: () => {},
  list: () => [],
  stat: () => undefined,
  linkStat: () => undefined,
  symlink: () => {},
  readLink: (path) => {
    throw new FileError('ENOENT', 'readlink', path);
  },
  rename: () => {},
  remove: () => {},
  changeMode: () => {},
  changeOwner: () => {},
};
