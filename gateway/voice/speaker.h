// A sound card through ALSA, and phrases as WAV files.
#ifndef CAREROOM_VOICE_SPEAKER_H
#define CAREROOM_VOICE_SPEAKER_H

// Play a WAV file (16 bit, any rate, one or two channels) on an ALSA device and wait until it is over: some
// seconds. 0, or a negative errno: -ENOENT (no such file), -EINVAL (no sound file), others of the card
// (-ENODEV, -ENOENT from ALSA is told as -ENODEV; -EBUSY, -EIO). `ret_why` (size bytes) then says it in
// words. Blocks.
int speaker_play(const char *device, const char *file, char *ret_why, unsigned size);

// Whether the card is there, without a sound. Same errors.
int speaker_check(const char *device, char *ret_why, unsigned size);

#endif
