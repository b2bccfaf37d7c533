/*
 * Process 1 of a container, and the launcher of every further process in it.
 *
 *   init <status> <uid> <gid> <groups> <stdio> command [argument...]
 *
 * groups: ids between commas, or `-`. stdio: bit n says that descriptor n is a pipe or terminal made for this process,
 * to be given to <uid>; `h` behind it: go to the directory $HOME, if <uid> can. With a status file: run the command as a child, reap everything, live while anything lives,
 * end with the command's code. The file gets two lines: the pid of the command, and its code once that is known and
 * something else goes on. With `-` as status: become the command.
 *
 *   init keeper
 *
 * On the host instead: the process that network namespaces of containers come from, see keep() and docs/adr/011.
 *
 * Freestanding: no libc, nothing of it can be missing in or differ between root file systems.
 */
#include <asm/ioctls.h>
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time_types.h>
#include <linux/wait.h>

/* A fifth argument is 0: only mount(2) has one. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp,%rdi\n and $-16,%rsp\n call start\n");
static long sys(long n, long a, long b, long c, long d) {
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = 0;
	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return n;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0,sp\n bl start\n");
static long sys(long n, long a, long b, long c, long d) {
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
		      x3 __asm__("x3") = d, x4 __asm__("x4") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#endif

#define BIT(signal) (1UL << ((signal) - 1))
enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126, SHORTEST = 1000000, LONGEST = 64000000 };

static long length(const char *s) {
	long n = 0;
	while (s[n])
		n++;
	return n;
}

static void refuse(const char *name, const char *why, long code) {
	const char *words[] = {name, ": ", why, "\n"};
	for (int i = 0; i < 4; i++)
		sys(__NR_write, 2, (long)words[i], length(words[i]), 0);
	sys(__NR_exit_group, code, 0, 0, 0);
}

static long number(const char **s) {
	long n = 0;
	while (**s >= '0' && **s <= '9')
		n = n * 10 + *(*s)++ - '0';
	return n;
}

static void record(long fd, long n) {
	char text[24], *p = text + sizeof text;
	*--p = '\n';
	do
		*--p = '0' + n % 10;
	while (n /= 10);
	sys(__NR_write, fd, (long)p, text + sizeof text - p, 0);
}

/* As execvp(3). argv[-1] is free to be written to. */
static void run(char **argv, char **env) {
	static char path[8192];
	const char *dirs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *name = argv[0];
	long denied = 0, slash = 0, error = -ENOENT;
	for (char **e = env; *e; e++)
		if ((*e)[0] == 'P' && (*e)[1] == 'A' && (*e)[2] == 'T' && (*e)[3] == 'H' && (*e)[4] == '=')
			dirs = *e + 5;
	for (const char *c = name; *c; c++)
		slash |= *c == '/';
	if (slash)
		error = sys(__NR_execve, (long)name, (long)argv, (long)env, 0);
	while (!slash && *name) {
		long n = 0;
		for (; *dirs && *dirs != ':' && n < 4000; dirs++)
			path[n++] = *dirs;
		if (n)
			path[n++] = '/';
		for (long i = 0; i <= length(name) && n < (long)sizeof path - 1; i++)
			path[n++] = name[i];
		error = sys(__NR_execve, (long)path, (long)argv, (long)env, 0);
		denied |= error == -EACCES;
		if ((error != -ENOENT && error != -ENOTDIR && error != -EACCES) || !*dirs++)
			break;
	}
	if (error == -ENOEXEC) {
		argv[-1] = "sh";
		argv[0] = slash ? argv[0] : path;
		error = sys(__NR_execve, (long)"/bin/sh", (long)(argv - 1), (long)env, 0);
	}
	if (denied || error == -EACCES)
		refuse(argv[0], "permission denied", NOT_EXECUTABLE);
	if (error != -ENOENT && error != -ENOTDIR)
		refuse(argv[0], "cannot execute", NOT_EXECUTABLE);
	refuse(argv[0], slash ? "no such file or directory" : "command not found", NOT_FOUND);
}

/* The /dev/null that a runtime or conmon opened is the host's: root in here could change its mode. The one in here is not. */
static void use_own_null(const char *name) {
	const unsigned kind = 0170000, device = 0020000, null = 0x103;
	struct stat is;
	for (long fd = 0; fd < 3; fd++) {
		if (sys(__NR_fstat, fd, (long)&is, 0, 0) || (is.st_mode & kind) != device || is.st_rdev != null)
			continue;
		long own = sys(__NR_openat, AT_FDCWD, (long)"/dev/null", O_RDWR | O_NONBLOCK, 0);
		int pipe[2];
		/* A file system that lets no device work: the end of an input is as good. */
		if (own < 0 && fd == 0 && sys(__NR_pipe2, (long)pipe, O_CLOEXEC, 0, 0) == 0) {
			sys(__NR_close, pipe[1], 0, 0, 0);
			own = pipe[0];
		}
		if (own < 0)
			refuse(name, "no /dev/null", NOT_EXECUTABLE);
		sys(__NR_dup3, own, fd, 0, 0);
		sys(__NR_close, own, 0, 0, 0);
	}
}

/* argv: uid gid groups stdio command... */
static void become(char **argv, char **env) {
	const char *uid = argv[0], *gid = argv[1], *group = argv[2];
	unsigned list[256];
	long user = number(&uid), count = 0, action[4] = {0}, none = 0;
	while (*group && count < 256 && *group != '-') {
		list[count++] = number(&group);
		group += *group == ',';
	}
	use_own_null(argv[4]);
	for (long fd = 0, own = argv[3][0] - '0'; fd < 3; fd++)
		if (user && own >> fd & 1)
			sys(__NR_fchown, fd, user, -1, 0);
	if (sys(__NR_setgroups, count, (long)list, 0, 0) || sys(__NR_setgid, number(&gid), 0, 0, 0) ||
	    sys(__NR_setuid, user, 0, 0, 0))
		refuse(argv[4], "cannot take on the user", NOT_EXECUTABLE);
	for (char **e = env; *e && argv[3][1] == 'h'; e++)
		if ((*e)[0] == 'H' && (*e)[1] == 'O' && (*e)[2] == 'M' && (*e)[3] == 'E' && (*e)[4] == '=')
			sys(__NR_chdir, (long)*e + 5, 0, 0, 0);
	for (long s = 1; s <= 64; s++)
		sys(__NR_rt_sigaction, s, (long)action, 0, 8);
	sys(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8);
	run(argv + 4, env);
}

/* Reap until nothing is left; `code` is that of `command`. */
static void mind(long command, long status, unsigned long signals) {
	long code = -1, told = 0, left, wait = SHORTEST;
	for (;;) {
		int how;
		while ((left = sys(__NR_wait4, -1, (long)&how, WNOHANG | __WALL, 0)) > 0)
			if (left == command)
				code = how & 0x7f ? 128 + (how & 0x7f) : how >> 8 & 0xff;
		/* What joined from outside is nobody's child here, but kill finds it. */
		if (left == -ECHILD && sys(__NR_kill, -1, 0, 0, 0) == -ESRCH)
			sys(__NR_exit_group, code, 0, 0, 0);
		if (code >= 0 && !told++)
			record(status, code);
		struct __kernel_timespec pause = {0, wait};
		long got = sys(__NR_rt_sigtimedwait, (long)&signals, 0, left == -ECHILD ? (long)&pause : 0, 8);
		wait = got == SIGCHLD ? SHORTEST : wait < LONGEST ? wait * 2 : wait;
		if (got > 0 && got != SIGCHLD)
			sys(__NR_kill, -1, got, 0, 0), sys(__NR_kill, -1, SIGCONT, 0, 0);
	}
}

static long mount_on(const char *target, const char *type, long flags) {
	return sys(__NR_mount, (long)type, (long)target, (long)type, flags);
}

/* Whether a container of this namespace would get its /proc and /sys: not where the host hides parts of its own. */
static long try_mounts(void) {
	const long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	long child = sys(__NR_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0);
	int how;
	if (child == 0) {
		long error = mount_on("/sys", "sysfs", safe | MS_RDONLY);
		error = error ? error : mount_on("/proc", "proc", safe);
		sys(__NR_exit_group, -error, 0, 0, 0);
	}
	if (child < 0 || sys(__NR_wait4, child, (long)&how, __WALL, 0) < 0)
		return child < 0 ? child : -ECHILD;
	return how & 0x7f ? -EINTR : -(how >> 8 & 0xff);
}

/*
 * A user namespace, and in it one fresh network namespace after the other. Each answer is one byte, an errno or 0, the
 * first one about the user namespace. Orders: `n`, leave this network namespace for a new one; `m`, try_mounts().
 * The daemon opens the namespaces through /proc, so the next one is made while the last is being used.
 */
static void keep(void) {
	/* What limits this process now limits all containers together: each of their processes has limits anyway. */
	const int all[] = {RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE};
	unsigned long none[] = {~0UL, ~0UL};
	for (int i = 0; i < 4; i++)
		sys(__NR_prlimit64, 0, all[i], (long)none, 0);
	long error = sys(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNET, 0, 0, 0);
	for (;;) {
		char letter = -error;
		if (sys(__NR_write, 1, (long)&letter, 1, 0) != 1 || sys(__NR_read, 0, (long)&letter, 1, 0) != 1)
			sys(__NR_exit_group, 0, 0, 0, 0);
		error = letter == 'n' ? sys(__NR_unshare, CLONE_NEWNET, 0, 0, 0) : try_mounts();
	}
}

__attribute__((used)) void start(long *stack) {
	char **argv = (char **)stack + 1, **env = argv + stack[0] + 1;
	unsigned long signals = BIT(SIGCHLD) | BIT(SIGTERM) | BIT(SIGHUP) | BIT(SIGINT);
	if (stack[0] == 2)
		keep();
	if (stack[0] < 7)
		refuse("init", "too few arguments", NOT_EXECUTABLE);
	if (argv[1][0] == '-')
		become(argv + 2, env);
	long status = sys(__NR_openat, AT_FDCWD, (long)argv[1], O_WRONLY | O_APPEND | O_CLOEXEC, 0);
	/* The command is to lead the terminal's session: else Ctrl-Z would stop it with nobody to wake it. */
	sys(__NR_ioctl, 0, TIOCNOTTY, 0, 0);
	sys(__NR_rt_sigprocmask, SIG_BLOCK, (long)&signals, 0, 8);
	long command = sys(__NR_clone, SIGCHLD, 0, 0, 0);
	if (command == 0) {
		sys(__NR_setsid, 0, 0, 0, 0);
		sys(__NR_ioctl, 0, TIOCSCTTY, 0, 0);
		become(argv + 2, env);
	}
	if (command < 0)
		refuse("init", "cannot fork", NOT_EXECUTABLE);
	record(status, command);
	for (long fd = 0; fd < 3; fd++)
		sys(__NR_close, fd, 0, 0, 0);
	mind(command, status, signals);
}
