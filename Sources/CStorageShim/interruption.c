/* SPDX-License-Identifier: Apache-2.0
 * Notes the signals that ask a process to stop.
 *
 * A call that began to block right after the flag was looked at would not notice: so an alarm goes off every second
 * from then on, and interrupts it (signal(7): calls that a handler interrupts fail with EINTR). */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
/* The only process whose signals count; 0 for any. */
static volatile pid_t heeded;

static void note(int signal, siginfo_t *info, void *context) {
  (void)context;
  if (heeded != 0 && info->si_pid != heeded) return;
  /* The second signal of a kind ends the process at once. */
  struct sigaction ending = {.sa_handler = SIG_DFL};
  sigaction(signal, &ending, NULL);
  caught = signal;
  alarm(1);
}

static void again(int signal) {
  (void)signal;
  alarm(1);
}

void shim_catch_stop_signals(void) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction before;
    /* Whoever started us may have chosen to ignore it, as nohup(1) does. */
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigaction(signals[i], &action, NULL);
  }
  struct sigaction action = {.sa_handler = again};
  sigaction(SIGALRM, &action, NULL);
}

void shim_heed_signals_of(pid_t process) {
  heeded = process;
  /* An alarm is not inherited. */
  if (caught != 0) alarm(1);
}

int shim_stop_signal(void) { return caught; }

void shim_end_by(int number) {
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
}

void shim_leave_keyboard_signals(int leave) {
  static const int signals[] = {SIGINT, SIGQUIT};
  static struct sigaction before[sizeof signals / sizeof *signals];
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
    if (leave) sigaction(signals[i], &ignore, &before[i]);
    else sigaction(signals[i], &before[i], NULL);
}
