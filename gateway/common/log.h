// Log lines on stderr in systemd's format ("<3>text"). Only the function that gives up logs; libraries return errno.
#ifndef CAREROOM_COMMON_LOG_H
#define CAREROOM_COMMON_LOG_H

// Priorities of sd-daemon(3).
enum log_priority { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6 };

// One line, at most 512 bytes, one write(2). May block on stderr: never called on the alarm path. Any thread.
__attribute__((format(printf, 2, 3))) void log_line(enum log_priority priority, const char *format, ...);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
