/* Records which imported functions a program really calls, for tests/wine/imports.py: where the
 * folder C:\emulator\imports exists, every import of the executable goes over a few instructions
 * that set a byte of <program>.called, a mapped file that all its processes share and that survives
 * a process that is killed. <program>.names has the names in the same order, "dll!function" a line;
 * <program>.loaded those that GetProcAddress gave it. Call record_process after hook_process. */
#ifndef GPUPV_TESTS_RECORD_H
#define GPUPV_TESTS_RECORD_H

void record_process(void);

/* The program was given a function at run time. */
void record_loaded(const char *dll, const char *name);

#endif
